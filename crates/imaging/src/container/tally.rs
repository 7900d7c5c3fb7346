//! Counts of what a container holds beside its picture: segments, and bytes of metadata by kind, inflated where they are
//! packed.
use std::io::{Read as _, sink};

use flate2::read::ZlibDecoder;

use crate::{Limits, Result, limits};

/// A kind of metadata with a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Exif,
    Icc,
    Xmp,
    /// Only the sum of all is limited.
    Other,
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    chunks: u64,
    exif: u64,
    icc: u64,
    xmp: u64,
    all: u64,
}

impl Tally {
    /// One more segment, chunk, box, item or entry.
    pub(crate) fn chunk(&mut self, limits: &Limits) -> Result<()> {
        self.chunks(1, limits)
    }

    /// So many more.
    pub(crate) fn chunks(&mut self, count: usize, limits: &Limits) -> Result<()> {
        self.chunks += count as u64;
        limits::within("segments in its container", self.chunks, limits.chunks_max.into())
    }

    /// So many more bytes of metadata.
    pub(crate) fn metadata(&mut self, kind: Kind, bytes: u64, limits: &Limits) -> Result<()> {
        let own = match kind {
            Kind::Exif => Some(("bytes of EXIF", &mut self.exif, limits.exif_bytes_max)),
            Kind::Icc => Some(("bytes of colour profiles", &mut self.icc, limits.icc_bytes_max)),
            Kind::Xmp => Some(("bytes of XMP", &mut self.xmp, limits.xmp_bytes_max)),
            Kind::Other => None,
        };
        if let Some((limit, sum, max)) = own {
            *sum = sum.saturating_add(bytes);
            limits::within(limit, *sum, max)?;
        }
        self.all = self.all.saturating_add(bytes);
        limits::within("bytes of metadata", self.all, limits.metadata_bytes_max)
    }

    /// A zlib stream: what it inflates to, as far as the limit.
    pub(crate) fn packed(&mut self, kind: Kind, stream: &[u8], limits: &Limits) -> Result<()> {
        let enough = limits.metadata_bytes_max.saturating_add(1);
        let mut inflated = ZlibDecoder::new(stream).take(enough);
        // What is damaged further on inflates to no more than this in any decoder.
        let _ = std::io::copy(&mut inflated, &mut sink());
        self.metadata(kind, enough - inflated.limit(), limits)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn zeros(count: usize) -> Vec<u8> {
        let mut stream = ZlibEncoder::new(Vec::new(), Compression::best());
        stream.write_all(&vec![0; count]).expect("memory takes it");
        stream.finish().expect("memory takes it")
    }

    #[test]
    fn packed_metadata_counts_what_it_inflates_to_and_no_further_than_the_limit() {
        let limits = Limits {
            icc_bytes_max: 1_000,
            metadata_bytes_max: 5_000,
            ..Limits::default()
        };
        let packed = |kind, count| Tally::default().packed(kind, &zeros(count), &limits);
        assert!(packed(Kind::Icc, 1_000).is_ok() && packed(Kind::Other, 5_000).is_ok());
        assert_eq!(
            packed(Kind::Icc, 1_001).unwrap_err().to_string(),
            "the original has 1001 bytes of colour profiles, more than the limit of 1000"
        );
        assert_eq!(
            packed(Kind::Other, 100_000_000).unwrap_err().to_string(),
            "the original has 5001 bytes of metadata, more than the limit of 5000"
        );
    }

    #[test]
    fn each_kind_has_its_own_limit_and_all_have_one_together() {
        let limits = Limits {
            metadata_bytes_max: 2 << 20,
            ..Limits::default()
        };
        let mut tally = Tally::default();
        assert!(tally.metadata(Kind::Exif, 1 << 20, &limits).is_ok());
        assert!(tally.metadata(Kind::Exif, 1, &limits).is_err());
        let mut tally = Tally::default();
        assert!(tally.metadata(Kind::Exif, 1 << 20, &limits).is_ok());
        assert!(tally.metadata(Kind::Icc, 1 << 20, &limits).is_ok());
        assert!(tally.metadata(Kind::Other, 1, &limits).is_err());
    }
}
