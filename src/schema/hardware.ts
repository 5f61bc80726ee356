import { z } from "zod";

/** Accelerator types of both eras (control-plane §5.1). */
export const acceleratorTypes = [
  "ACCELERATOR_TYPE_UNSPECIFIED",
  "NVIDIA_A100_80GB",
  "NVIDIA_H100_80GB",
  "AMD_MI300X_192GB",
  "NVIDIA_A10G_24GB",
  "NVIDIA_A100_40GB",
  "NVIDIA_L4_24GB",
  "NVIDIA_H200_141GB",
  "NVIDIA_B200_180GB",
  "AMD_MI325X_256GB",
  "AMD_MI350X_288GB",
  "NVIDIA_B300_288GB",
  "NVIDIA_GB200",
  "NVIDIA_GB300",
] as const;
export const acceleratorType = z.enum(acceleratorTypes);
export type AcceleratorType = z.infer<typeof acceleratorType>;

/** Weight formats (control-plane §2.4). */
const precisions = [
  "PRECISION_UNSPECIFIED",
  "FP16",
  "FP8",
  "FP8_MM",
  "FP8_AR",
  "FP8_MM_KV_ATTN",
  "FP8_KV",
  "FP8_MM_V2",
  "FP8_V2",
  "FP8_MM_KV_ATTN_V2",
  "NF4",
  "FP4",
  "BF16",
  "FP4_BLOCKSCALED_MM",
  "FP4_MX_MOE",
] as const;
export const precision = z.enum(precisions);
export type Precision = z.infer<typeof precision>;

/** Data centres (control-plane §5.3). */
const regions = [
  "REGION_UNSPECIFIED",
  "US_IOWA_1",
  "US_VIRGINIA_1",
  "US_VIRGINIA_2",
  "US_ILLINOIS_1",
  "US_ILLINOIS_2",
  "AP_TOKYO_1",
  "AP_TOKYO_2",
  "US_ARIZONA_1",
  "US_ARIZONA_3",
  "US_TEXAS_1",
  "US_TEXAS_2",
  "EU_FRANKFURT_1",
  "EU_ICELAND_1",
  "EU_ICELAND_2",
  "US_WASHINGTON_1",
  "US_WASHINGTON_2",
  "US_WASHINGTON_3",
  "US_WASHINGTON_4",
  "US_WASHINGTON_5",
  "US_CALIFORNIA_1",
  "US_CALIFORNIA_2",
  "US_UTAH_1",
  "US_GEORGIA_1",
  "US_GEORGIA_2",
  "US_GEORGIA_3",
  "US_GEORGIA_4",
  "NA_BRITISHCOLUMBIA_1",
  "NA_BRITISHCOLUMBIA_2",
  "NA_BRITISHCOLUMBIA_3",
  "US_OHIO_1",
  "US_OHIO_2",
  "US_NEWYORK_1",
  "EU_NETHERLANDS_1",
  "US_MINNESOTA_1",
  "US_OREGON_1",
  "AP_MALAYSIA_1",
  "AP_MALAYSIA_2",
  "AP_NEWSOUTHWALES_1",
  "AP_TAIWAN_1",
] as const;
export const region = z.enum(regions);
export type Region = z.infer<typeof region>;

/** Groups of regions; a region belongs to GLOBAL and to the group of its name's prefix. */
export const multiRegion = z.enum(["MULTI_REGION_UNSPECIFIED", "GLOBAL", "US", "EUROPE", "APAC"]);
export type MultiRegion = z.infer<typeof multiRegion>;
