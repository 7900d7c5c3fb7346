// Types of minilab's manifest, `{original}/manifest.json`. The documentation of each field is in manifest.schema.json.

export type Status = "partial" | "complete" | "failed" | "deleted";

export interface Manifest {
  schema: number;
  original: Original;
  status: Status;
  pending: string[];
  placeholder: Placeholder;
  derivatives: Record<string, Derivative>;
  pictures?: Record<string, Picture>;
  failures: Failure[];
  generation: number;
  provenance: Provenance;
  updated: string;
  faces?: Face[];
  metadata?: Record<string, string>;
  place?: Place;
}

export interface Place {
  latitude: number;
  longitude: number;
  altitude?: number;
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
  orientation?: number;
  alpha?: boolean;
  icc?: boolean;
  pages?: number;
  bytes?: number;
  sha256?: string;
}

export interface Placeholder {
  thumbhash?: string;
  dominant?: string;
  blurhash?: string;
  palette?: string[];
  lqip?: string;
}

export interface Derivative {
  srcset: Record<string, string>;
  files: File[];
  dropped?: Dropped[];
  notes?: string[];
}

export interface Dropped {
  width: number;
  height: number;
  format: string;
  bytes: number;
  larger_than: string;
}

export interface Picture {
  sets: PictureSet[];
}

export interface PictureSet {
  media?: string;
  derivative: string;
  sizes?: string;
}

export interface File {
  width: number;
  height: number;
  ratio?: number;
  format: string;
  type: string;
  bytes: number;
  sha256: string;
  url: string;
  stable_url?: string;
  quality?: number;
  score?: number;
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
