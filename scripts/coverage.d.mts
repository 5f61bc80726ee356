export function hasReference(): boolean;
export function withCoverage(readme: string, openapi: unknown): string;
