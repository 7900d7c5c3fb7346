//! Containers of every format, walked before libvips sees a byte; and the last look at files, which walks the same way.
use minilab_imaging::{Limits, Recognised, recognise, sniff, testing};
use minilab_inspect::Allowed;
use minilab_recipe::{Format, OutputFormat};
use minilab_worker::pool::testing as believed;

/// What passes is within the limits, and no walk panics or loops.
pub fn run(input: &[u8]) {
    let limits = Limits::default();
    match recognise(input) {
        Recognised::Image(format) => {
            assert_eq!(sniff(input), Some(format));
            walk(format, input, &limits);
        }
        Recognised::Other(what) => assert!(!what.is_empty()),
    }
    for format in OutputFormat::ALL {
        let all = Allowed {
            icc: true,
            credits: true,
            exif: true,
            gps: true,
            xmp: true,
            iptc: true,
        };
        let (strict, lenient) = (
            minilab_inspect::check(input, format, Allowed::default()).is_ok(),
            minilab_inspect::check(input, format, all).is_ok(),
        );
        assert!(
            !strict || lenient,
            "{format}: to keep nothing lets more pass than to keep all"
        );
    }
    let _ = believed::header(input);
}

fn walk(format: Format, input: &[u8], limits: &Limits) {
    match format {
        Format::Svg => {}
        Format::Jxl => {
            if let Ok(bytes) = testing::codestream_bytes(input, limits) {
                assert!(bytes > 0 && bytes <= input.len());
            }
        }
        _ => {
            let Ok(header) = testing::scan(format, input, limits) else {
                return;
            };
            let max = if header.whole_image {
                limits.pixels_whole_image_max
            } else {
                limits.pixels_max
            };
            assert!(header.width > 0 && header.height > 0, "{header:?}");
            assert!(
                header.width.max(header.height) <= u64::from(limits.side_px_max),
                "{header:?}"
            );
            assert!(header.width * header.height <= max, "{header:?}");
            assert!((1..=limits.frames_max).contains(&header.frames), "{header:?}");
        }
    }
}
