//! When two amounts of a resource are the same: `1000m` is `1`, `1024Mi` is `1Gi`.
//!
//! Not a type for amounts: nothing here calculates with them.

use serde_json::Value;

/// Whether two values are the same amount, however they are written.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (billionths(left), billionths(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// The amount in billionths, the finest that Kubernetes keeps.
fn billionths(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = i128::from(10_u64.pow(9 - u32::try_from(fraction.len()).ok()?));
    digits
        .checked_mul(scale)
        .and_then(|number| scaled(number, suffix))
}

fn scaled(billionths: i128, suffix: &str) -> Option<i128> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    let power = |suffixes: &[&str]| suffixes.iter().position(|known| *known == suffix);
    let factor = match suffix {
        "" => 1,
        "m" => return Some(billionths / 1000),
        "u" => return Some(billionths / 1_000_000),
        "n" => return Some(billionths / 1_000_000_000),
        _ => match (power(&BINARY), power(&DECIMAL)) {
            (Some(power), _) => 1024_i128.pow(u32::try_from(power).ok()? + 1),
            (_, Some(power)) => 1000_i128.pow(u32::try_from(power).ok()? + 1),
            _ => return None,
        },
    };
    billionths.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_same_amount_is_equal_in_every_spelling() {
        let equal = |left, right| super::equal(&left, &right);
        assert!(equal(json!("1000m"), json!(1)));
        assert!(equal(json!("1Gi"), json!("1024Mi")));
        assert!(equal(json!("0.5"), json!("500m")));
        assert!(equal(json!("1k"), json!("1000")));
        assert!(!equal(json!("1G"), json!("1Gi")));
        assert!(!equal(json!("15d"), json!("15d0")));
        assert!(!equal(json!("x"), json!("x")));
    }
}
