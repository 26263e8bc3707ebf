//! Times as people type them.

use std::time::Duration;

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    /// Seconds since 1970.
    At(f64),
    /// This long ago.
    Ago(Duration),
}

/// `2026-11-26T18:00:00Z`, `1764180000`, or `2h` for two hours ago.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(length) = length(text) {
        return Ok(Moment::Ago(length));
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(Moment::At(seconds));
    }
    match text.parse::<jiff::Timestamp>() {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of this century are exact"
        )]
        Ok(time) => Ok(Moment::At(time.as_millisecond() as f64 / 1000.0)),
        Err(_) => Err(
            "expected a time such as `2026-11-26T18:00:00Z`, seconds since 1970, or `2h` for two hours ago".to_owned(),
        ),
    }
}

/// `90s`, `1h30m`, `7d`: as Prometheus writes times.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 6] = [
        ("s", 1),
        ("m", 60),
        ("h", 3600),
        ("d", 86_400),
        ("w", 604_800),
        ("y", 31_536_000),
    ];
    let wrong =
        || "expected a number with `s`, `m`, `h`, `d`, `w` or `y`, such as `1h30m`".to_owned();
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = rest[digits..].chars().next().map_or(0, char::len_utf8);
        let (_, size) = UNITS
            .iter()
            .find(|(name, _)| *name == &rest[digits..digits + unit])
            .ok_or_else(wrong)?;
        let more = number.checked_mul(*size).ok_or_else(wrong)?;
        seconds = seconds.checked_add(more).ok_or_else(wrong)?;
        rest = &rest[digits + unit..];
    }
    if seconds == 0 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood() {
        assert_eq!(length("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(length("7d"), Ok(Duration::from_hours(168)));
        for wrong in ["", "5", "h", "1x", "0s", "1é", "99999999999999999999y"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
        assert_eq!(moment("2h"), Ok(Moment::Ago(Duration::from_hours(2))));
        assert_eq!(moment("1764180000.5"), Ok(Moment::At(1_764_180_000.5)));
        assert_eq!(moment("1970-01-01T01:00:00+01:00"), Ok(Moment::At(0.0)));
        assert!(moment("yesterday").is_err());
    }
}
