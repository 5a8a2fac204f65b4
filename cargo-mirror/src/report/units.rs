//! Numbers of bytes, as people read them.

/// A size in the largest binary unit that divides it, as the configuration writes it.
pub fn size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.iter().find(|(shift, _)| bytes != 0 && bytes.is_multiple_of(1_u64 << shift)) {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} B"),
    }
}

/// A number of bytes to be read at a glance, such as `12.3 MiB`.
pub fn amount(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => {
            // In whole numbers, which are exact however large; cut off rather than rounded.
            let tenths = (u128::from(bytes) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

/// Bytes per second in decimal units, as networks are measured.
pub fn rate(bytes: f64) -> String {
    match bytes {
        b if b >= 1e9 => format!("{:.1} GB/s", b / 1e9),
        b if b >= 1e6 => format!("{:.1} MB/s", b / 1e6),
        b if b >= 1e3 => format!("{:.0} kB/s", b / 1e3),
        b => format!("{b:.0} B/s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{amount, rate, size};

    #[test]
    fn amounts_are_short() {
        let shown = [0, 1023, 1536, (1 << 20) - 1, 5 << 30, u64::MAX].map(amount);
        assert_eq!(shown, ["0 B", "1023 B", "1.5 KiB", "1023.9 KiB", "5.0 GiB", "16777215.9 TiB"]);
    }

    #[test]
    fn sizes_and_rates_have_units() {
        assert_eq!([size(5 << 30), size(1000), size(0)], ["5 GiB", "1000 B", "0 B"]);
        assert_eq!([rate(3.0), rate(85e3), rate(2.8e6)], ["3 B/s", "85 kB/s", "2.8 MB/s"]);
    }
}
