// Types of minilab's manifest, `{original}/manifest.json`. The documentation of each field is in manifest.schema.json.

export type Status = "partial" | "complete" | "failed" | "deleted";

export interface Manifest {
  schema: number;
  original: Original;
  status: Status;
  pending: string[];
  placeholder: Placeholder;
  derivatives: Record<string, Derivative>;
  failures: Failure[];
  generation: number;
  provenance: Provenance;
  updated: string;
  faces?: Face[];
}

export interface Face {
  left: number;
  top: number;
  width: number;
  height: number;
  score: number;
}

export interface Original {
  key: string;
  version?: string;
  width?: number;
  height?: number;
  format?: string;
  bytes?: number;
  sha256?: string;
}

export interface Placeholder {
  thumbhash?: string;
  dominant?: string;
}

export interface Derivative {
  srcset: Record<string, string>;
  files: File[];
}

export interface File {
  width: number;
  height: number;
  format: string;
  type: string;
  bytes: number;
  sha256: string;
  url: string;
  stable_url?: string;
  quality?: number;
  notes: string[];
}

export interface Failure {
  derivative?: string;
  class: string;
  sentence: string;
}

export interface Provenance {
  engines: string[];
  recipe: string;
}
