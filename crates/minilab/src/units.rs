//! Numbers as people read them.
use std::time::Duration;

/// `812 B`, `34.1 kB`, `2.10 MB`: three figures, decimal units as browsers' tools show them.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let decimals = if value < 9.995 {
        2
    } else {
        usize::from(value < 99.95)
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// How much smaller (`-93 %`) or larger (`+4 %`) than the original.
pub fn change(bytes: u64, original_bytes: u64) -> String {
    if original_bytes == 0 {
        return "-".to_owned();
    }
    let percent = (bytes as f64 / original_bytes as f64 - 1.0) * 100.0;
    if percent >= 999.5 {
        return format!("{:.0}x", bytes as f64 / original_bytes as f64);
    }
    // What is there is not all saved.
    let rounded = percent.round().max(if bytes > 0 { -99.0 } else { -100.0 });
    if rounded == 0.0 {
        "0 %".to_owned()
    } else {
        format!("{rounded:+.0} %")
    }
}

/// `640 us`, `41 ms`, `1.20 s`, `3 min 05 s`.
pub fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..999_500 => format!("{:.0} ms", micros as f64 / 1e3),
        999_500..60_000_000 => format!("{:.2} s", micros as f64 / 1e6),
        _ => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_figures_whatever_the_size() {
        let shown = [0, 999, 1_000, 34_149, 999_499, 999_500, 2_100_000, 12_345_678_901].map(bytes);
        assert_eq!(
            shown,
            [
                "0 B", "999 B", "1.00 kB", "34.1 kB", "999 kB", "1.00 MB", "2.10 MB", "12.3 GB"
            ]
        );
    }

    #[test]
    fn savings_carry_their_sign() {
        assert_eq!(change(7, 100), "-93 %");
        assert_eq!(change(1, 100_000), "-99 %");
        assert_eq!(change(104, 100), "+4 %");
        assert_eq!(change(100, 100), "0 %");
        assert_eq!(change(100, 0), "-");
        assert_eq!(change(5_000, 100), "50x");
    }

    #[test]
    fn times_are_short() {
        let shown =
            [640, 41_000, 1_200_000, 185_000_000].map(|micros| duration(Duration::from_micros(micros)));
        assert_eq!(shown, ["640 us", "41 ms", "1.20 s", "3 min 05 s"]);
    }
}
