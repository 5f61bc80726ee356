import { UploadError } from "./receive.ts";

/** A body that is being written. */
interface Transfer {
  owner: string;
  /** The resumable file that it is a piece of. */
  part: string | undefined;
  end: AbortController;
}

/** The uploads in progress. They end with their model, and each resumable file has at most one piece among them. */
export class Transfers {
  readonly #all = new Set<Transfer>();

  /**
   * Runs an upload. It is registered before anything is awaited, so that no second piece can come in between.
   * @throws UploadError ServiceUnavailable while another piece of the same file is being written; NoSuchUpload when it
   * was ended
   */
  async run<T>(owner: string, part: string | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (part !== undefined && [...this.#all].some((other) => other.part === part))
      throw new UploadError("ServiceUnavailable", "Another piece of the file is being written.");
    const transfer = { owner, part, end: new AbortController() };
    const { signal } = transfer.end;
    this.#all.add(transfer);
    try {
      return await work(signal);
    } catch (error) {
      // an upload that was ended fails in many ways, such as a missing folder
      throw signal.aborted ? signal.reason : error;
    } finally {
      this.#all.delete(transfer);
    }
  }

  /** Ends those of an owner, or all. */
  end(owner?: string): void {
    const reason = new UploadError("NoSuchUpload", "The model was deleted, or its world was reset or has ended.");
    for (const transfer of this.#all) if (owner === undefined || transfer.owner === owner) transfer.end.abort(reason);
  }
}
