//! The formats of texts in a stack file: for each its name in the schema, the
//! pattern that editors check, and one function that gives the reason when a
//! text does not have it.
//!
//! Pattern and function agree; a test tries them on random texts. What only the
//! function can say (a number that is too large) is at its place. The types that
//! have a format are in [`crate::scalar`]; those of custom resources get theirs
//! by the pattern in their definition ([`named`]).

/// A format of texts.
#[derive(Debug)]
pub struct Format {
    /// Its name in the schema.
    pub name: &'static str,
    /// What a text of this format is, with its article.
    pub noun: &'static str,
    /// A regular expression of ECMAScript that has the same texts.
    pub pattern: &'static str,
    /// The most characters of a text.
    pub longest: Option<usize>,
    reason: Reason,
}

/// Why a text does not have a format, in a phrase that helps to mend it.
type Reason = fn(&str) -> Result<(), String>;

impl Format {
    /// The reason why a text does not have the format, if it does not.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let length = text.chars().count();
        match self.longest {
            Some(longest) if length > longest => Err(format!(
                "{} has at most {longest} characters, this has {length}",
                self.noun
            )),
            _ => (self.reason)(text),
        }
    }

    const fn new(
        name: &'static str,
        noun: &'static str,
        pattern: &'static str,
        reason: Reason,
    ) -> Self {
        Self {
            name,
            noun,
            pattern,
            longest: None,
            reason,
        }
    }

    const fn at_most(self, longest: usize) -> Self {
        Self {
            longest: Some(longest),
            ..self
        }
    }
}

/// The format of a name.
pub fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The format that a definition writes as a pattern.
pub fn of_pattern(pattern: &str) -> Option<&'static Format> {
    let (_, name) = DEFINED.iter().find(|(known, _)| *known == pattern)?;
    Some(named(name).expect("the formats of definitions are in the table"))
}

/// All formats.
pub const FORMATS: &[Format] = &[
    Format::new(
        "prometheus-duration",
        "a duration",
        r"^(?=.)([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        duration,
    ),
    Format::new(
        "prometheus-duration-or-zero",
        "a duration",
        r"^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
        |text| match text {
            "" | "0" => Ok(()),
            _ => duration(text),
        },
    ),
    Format::new(
        "go-duration-or-zero",
        "a duration",
        r"^(0|([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
        |text| match text {
            "" | "0" => Ok(()),
            _ => duration_in(text, &UNITS_OF_TIME[3..]),
        },
    ),
    Format::new(
        "kubernetes-quantity",
        "a quantity",
        r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$",
        quantity,
    ),
    Format::new(
        "kubernetes-signed-quantity",
        "a quantity",
        r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$",
        |text| quantity(text.strip_prefix(['+', '-']).unwrap_or(text)),
    ),
    Format::new("byte-size", "a size", r"^[0-9]+([KMGTPE]i?)?B$", byte_size),
    Format::new(
        "fractional-byte-size",
        "a size",
        r"^(0|([0-9]*\.)?[0-9]+([KMGTPE]i?)?B)$",
        fractional_byte_size,
    ),
    Format::new(
        "kubernetes-name",
        "a lower-case name",
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        name,
    )
    .at_most(253),
    Format::new(
        "dns-label",
        "a lower-case name",
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        dns_label,
    )
    .at_most(63),
    Format::new(
        "label-key",
        "a qualified name",
        r"^(?![^/]{254})([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        label_key,
    ),
    Format::new(
        "label-value",
        "a label's value",
        r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        label_value,
    )
    .at_most(63),
    Format::new(
        "prometheus-label",
        "a label of Prometheus",
        "^[a-zA-Z_][a-zA-Z0-9_]*$",
        prometheus_label,
    ),
    Format::new(
        "json-pointer",
        "a path",
        "^(/([^/~]|~[01])*)*$",
        json_pointer,
    ),
    Format::new(
        "metric-name",
        "the name of a series",
        "^[a-zA-Z_:][a-zA-Z0-9_:]*$",
        metric_name,
    ),
    Format::new(
        "variable-name",
        "the name of a variable",
        "^[a-zA-Z][a-zA-Z0-9_-]*$",
        variable_name,
    ),
    Format::new(
        "container-image",
        "an image",
        r"^(?!.*//)[A-Za-z0-9]([A-Za-z0-9._:@/-]*[A-Za-z0-9._-])?$",
        image,
    ),
    Format::new(
        "registry",
        "a registry",
        r"^(?!.*//)[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9/])?$",
        registry,
    ),
    Format::new(
        "version",
        "a version",
        r"^[0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        version,
    )
    .at_most(63),
    Format::new(
        "kubernetes-version",
        "a version of Kubernetes",
        r"^1\.(1[6-9]|[2-9][0-9])(\.[0-9]{1,3})?$",
        kubernetes_version,
    ),
    Format::new(
        "url",
        "an address",
        r"^https?://[-A-Za-z0-9._~%:@\[\]]+([/?#][!-~]*)?$",
        |text| url(text, &["https", "http"]),
    ),
    Format::new("any-http-url", "an address", "^https?://.+$", |text| {
        prefix(text, &["https", "http"])
    }),
    Format::new(
        "proxy-url",
        "an address",
        "^(http|https|socks5)://.+$",
        |text| prefix(text, &["http", "https", "socks5"]),
    ),
    Format::new(
        "host-address",
        "an IP address",
        r"^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(?!$)|$)){4}$|^(?=.*:.*:)[0-9A-Fa-f:.]+$",
        ip_address,
    ),
    Format::new(
        "host-and-port",
        "a host with its port",
        r"^([-A-Za-z0-9_.]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$",
        host_port,
    ),
    Format::new(
        "address-range",
        "a range of IP addresses",
        r"^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.|(?=/))){4}/([12]?[0-9]|3[0-2])$|^(?=.*:.*:)[0-9A-Fa-f:.]+/([1-9]?[0-9]|1[01][0-9]|12[0-8])$",
        address_range,
    ),
    Format::new(
        "host-name",
        "the name of a host",
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        host_name,
    )
    .at_most(253),
    Format::new(
        "setting-name",
        "a section or key",
        "^[A-Za-z0-9_.-]+$",
        ini_name,
    ),
    Format::new(
        "template-file",
        "the name of a template's file",
        r"^[A-Za-z0-9_-]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?\.tmpl$",
        template_file,
    )
    .at_most(253),
    Format::new("setting-value", "a setting", r"^[\s\S]*$", ini_value),
    Format::new("azure-id", "an ID of Azure", "^[0-9a-zA-Z-.]+$", |text| {
        characters(text, "-.")
    }),
    Format::new(
        "azure-scope",
        "a scope of Azure",
        r"^[A-Za-z0-9_\t\n\f\r :/.\\-]+$",
        |text| characters(text, "_\t\n\u{c}\r :/.\\-"),
    ),
];

/// Patterns of custom resource definitions that the stack file passes through,
/// and the formats that have the same texts.
const DEFINED: [(&str, &str); 10] = [
    (
        "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
        "prometheus-duration-or-zero",
    ),
    (
        "^(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?$",
        "prometheus-duration-or-zero",
    ),
    (
        "^(0|(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
        "go-duration-or-zero",
    ),
    (
        r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
        "kubernetes-signed-quantity",
    ),
    (
        "(^0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)$",
        "fractional-byte-size",
    ),
    ("^https?://.+$", "any-http-url"),
    ("^(http|https)://.+$", "any-http-url"),
    ("^(http|https|socks5)://.+$", "proxy-url"),
    ("^[0-9a-zA-Z-.]+$", "azure-id"),
    (r"^[\w\s:/.\\-]+$", "azure-scope"),
];

const UNITS_OF_TIME: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A time span as Prometheus writes it, in milliseconds; none if it is none.
pub fn milliseconds(text: &str) -> Option<u64> {
    duration(text).ok()?;
    parts(text)
        .map(|(number, unit)| {
            let (_, factor) = UNITS_OF_TIME.iter().find(|(known, _)| *known == unit)?;
            number.parse::<u64>().ok()?.checked_mul(*factor)
        })
        .try_fold(0_u64, |sum, part| sum.checked_add(part?))
}

/// Each number of a duration with the letters after it.
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        rest = after;
        Some((number, unit))
    })
}

fn duration(text: &str) -> Result<(), String> {
    // Prometheus counts in nanoseconds.
    const LONGEST: u128 = i64::MAX as u128 / 1_000_000;
    duration_in(text, &UNITS_OF_TIME)?;
    let too_long = || "it is longer than 292 years".to_owned();
    let sum = parts(text).try_fold(0_u128, |sum, (number, unit)| {
        let factor = UNITS_OF_TIME.iter().find(|(known, _)| *known == unit)?.1;
        Some(sum + u128::from(number.parse::<u64>().ok()?) * u128::from(factor))
    });
    match sum {
        Some(sum) if sum <= LONGEST => Ok(()),
        _ => Err(too_long()),
    }
}

fn duration_in(text: &str, units: &[(&str, u64)]) -> Result<(), String> {
    let known = units.iter().map(|(unit, _)| *unit);
    let example = match units.len() {
        7 => "a duration is written like `30s`, `1h30m` or `15d`",
        _ => "this duration is written like `30s` or `1h30m`",
    };
    let mut allowed = units;
    if text.is_empty() {
        return Err(example.into());
    }
    for (number, unit) in parts(text) {
        if number.is_empty() || !unit.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err(format!("{example}, without signs, spaces or fractions"));
        }
        if unit.is_empty() {
            return Err(format!("the number `{number}` has no unit; {example}"));
        }
        let Some(position) = allowed.iter().position(|(known, _)| *known == unit) else {
            return Err(if known.clone().any(|known| known == unit) {
                format!("the unit `{unit}` comes too late: larger units come first, each once")
            } else {
                let all: Vec<&str> = known.collect();
                format!(
                    "`{unit}` is no unit of time here; they are {}",
                    all.join(", ")
                )
            });
        };
        allowed = &allowed[position + 1..];
    }
    Ok(())
}

fn quantity(text: &str) -> Result<(), String> {
    const SUFFIXES: [&str; 16] = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    const EXAMPLE: &str = "a quantity is written like `500m`, `2` or `4Gi`";
    let length = text
        .bytes()
        .take_while(|c| c.is_ascii_digit() || *c == b'.')
        .count();
    let (number, suffix) = text.split_at(length);
    if number.parse::<f64>().is_err() {
        let negative = text.starts_with('-') && quantity(&text[1..]).is_ok();
        return Err(if negative {
            "it cannot be negative".into()
        } else {
            EXAMPLE.into()
        });
    }
    if is_exponent(suffix) || SUFFIXES.contains(&suffix) {
        return Ok(());
    }
    let binary = suffix.trim_end_matches(['B', 'b']);
    let near = SUFFIXES
        .iter()
        .find(|known| known.len() == 2 && known.eq_ignore_ascii_case(binary));
    Err(if SUFFIXES.contains(&binary) && !binary.is_empty() {
        let other = match binary.strip_suffix('i') {
            Some(decimal) => format!("`{number}{decimal}` for powers of ten"),
            None => format!("`{number}{binary}i` for powers of two"),
        };
        format!("Kubernetes writes bytes without `B`: `{number}{binary}`, or {other}")
    } else if let Some(near) = near {
        format!("the suffix is written `{near}`: `{number}{near}`")
    } else {
        format!("`{suffix}` is no suffix of a quantity; {EXAMPLE}")
    })
}

/// `e3`, `E-9`: of more than two digits no quantity is sane.
fn is_exponent(suffix: &str) -> bool {
    let digits = suffix
        .strip_prefix(['e', 'E'])
        .map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    digits.is_some_and(|digits| {
        matches!(digits.len(), 1 | 2) && digits.bytes().all(|c| c.is_ascii_digit())
    })
}

fn byte_size(text: &str) -> Result<(), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if !number.is_empty() && is_unit_of_size(unit) {
        return Ok(());
    }
    Err("a size is a whole number with its unit, like `50GB` or `512MiB`".into())
}

fn fractional_byte_size(text: &str) -> Result<(), String> {
    let length = text
        .bytes()
        .take_while(|c| c.is_ascii_digit() || *c == b'.')
        .count();
    let (number, unit) = text.split_at(length);
    let well_formed = number.parse::<f64>().is_ok() && !number.ends_with('.');
    if text == "0" || (well_formed && is_unit_of_size(unit)) {
        return Ok(());
    }
    Err("a size is a number with its unit, like `50GB` or `1.5MiB`".into())
}

/// `B`, `KB`, `KiB` and so on.
fn is_unit_of_size(unit: &str) -> bool {
    let prefix = unit.strip_suffix('B');
    prefix.is_some_and(|prefix| {
        let letter = prefix.strip_suffix('i').unwrap_or(prefix);
        matches!(letter, "K" | "M" | "G" | "T" | "P" | "E") || prefix.is_empty()
    })
}

fn address_range(text: &str) -> Result<(), String> {
    const EXAMPLE: &str = "a range of addresses is written like `10.0.0.0/8` or `2001:db8::/32`";
    let (address, bits) = text.split_once('/').ok_or(EXAMPLE)?;
    let most = match address.parse() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return Err(EXAMPLE.into()),
    };
    let number =
        bits.bytes().all(|c| c.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    match bits.parse::<u8>() {
        Ok(bits) if number && bits <= most => Ok(()),
        _ => Err(format!("after the `/` is a number of bits, at most {most}")),
    }
}

fn host_name(text: &str) -> Result<(), String> {
    if text.contains("://") {
        return Err("it is only the name of the host: no `https://` and no path".into());
    }
    name(text.strip_prefix("*.").unwrap_or(text))
}

/// The value of an amount as Kubernetes writes it; none if it is none.
pub(crate) fn amount(text: &str) -> Option<f64> {
    quantity(text).ok()?;
    let length = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(length);
    let kibi = |power: i32| 1024_f64.powi(power);
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => kibi(1),
        "Mi" => kibi(2),
        "Gi" => kibi(3),
        "Ti" => kibi(4),
        "Pi" => kibi(5),
        "Ei" => kibi(6),
        // An exponent, which belongs to the number.
        _ => return text.parse().ok(),
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

fn name(text: &str) -> Result<(), String> {
    made_of(text, "a name", |c| c == '-' || c == '.', "`-` and `.`")?;
    match text.split('.').find(|part| !is_label(part)) {
        Some(_) => Err("each part between dots starts and ends with a letter or digit".into()),
        None => Ok(()),
    }
}

fn is_label(part: &str) -> bool {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(outer) && part.ends_with(outer)
}

fn dns_label(text: &str) -> Result<(), String> {
    made_of(text, "it", |c| c == '-', "and `-`")
}

fn made_of(
    text: &str,
    what: &str,
    inner: fn(char) -> bool,
    inner_names: &str,
) -> Result<(), String> {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(wrong) = text.chars().find(|c| !outer(*c) && !inner(*c)) {
        return Err(format!(
            "{what} is made of lower-case letters, digits {inner_names}; {} is none of them",
            shown(wrong)
        ));
    }
    if text.starts_with(outer) && text.ends_with(outer) {
        return Ok(());
    }
    Err(format!(
        "{what} starts and ends with a lower-case letter or digit"
    ))
}

/// A character as it can be shown in a message.
fn shown(c: char) -> String {
    let is_invisible = c.is_control()
        || matches!(c, '\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    match c {
        ' ' => "a space".to_owned(),
        '`' => "a backtick".to_owned(),
        c if is_invisible => format!("the invisible character U+{:04X}", u32::from(c)),
        c => format!("`{c}`"),
    }
}

fn image(text: &str) -> Result<(), String> {
    const EXAMPLE: &str = "an image is written like `quay.io/prometheus/prometheus:v3.12.0`";
    if text.contains("://") {
        return Err(format!("{EXAMPLE}, without `https://`"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "._:@/-".contains(c);
    if let Some(wrong) = text.chars().find(|c| !legal(*c)) {
        return Err(format!("{} is not allowed; {EXAMPLE}", shown(wrong)));
    }
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts_well && !text.ends_with([':', '/', '@']) && !text.contains("//") {
        return Ok(());
    }
    Err(EXAMPLE.into())
}

fn registry(text: &str) -> Result<(), String> {
    const EXAMPLE: &str =
        "a registry is written like `registry.example.com` or `registry.example.com:5000/mirror`";
    if text.contains("://") {
        return Err(format!("{EXAMPLE}, without `https://`"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "._:/-".contains(c);
    if let Some(wrong) = text.chars().find(|c| !legal(*c)) {
        return Err(format!("{} is not allowed; {EXAMPLE}", shown(wrong)));
    }
    let ends_well = |c: char| c.is_ascii_alphanumeric() || c == '/';
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts_well && text.ends_with(ends_well) && !text.contains("//") {
        return Ok(());
    }
    Err(EXAMPLE.into())
}

fn version(text: &str) -> Result<(), String> {
    const EXAMPLE: &str = "a version is written like `3.12.0`";
    if let Some(rest) = text.strip_prefix(['v', 'V']) {
        return Err(format!("versions are written without `v`: `{rest}`"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if let Some(wrong) = text.chars().find(|c| !legal(*c)) {
        return Err(format!("{} is not allowed; {EXAMPLE}", shown(wrong)));
    }
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Ok(());
    }
    Err(EXAMPLE.into())
}

/// From 1.16 on, where the kinds that a stack has got their present versions.
fn kubernetes_version(text: &str) -> Result<(), String> {
    const EXAMPLE: &str = "a version of Kubernetes is written like `\"1.34\"`";
    if let Some(rest) = text.strip_prefix(['v', 'V']) {
        return Err(format!("versions are written without `v`: `\"{rest}\"`"));
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    match text.split('.').collect::<Vec<_>>().as_slice() {
        ["1", minor] if minor.len() == 1 && digits(minor) => Err(format!(
            "YAML takes 1.{minor}0 for a number and drops the zero: write `\"1.{minor}0\"`"
        )),
        ["1", minor] | ["1", minor, _] if digits(minor) && (minor.len() != 2 || *minor < "16") => {
            Err("kpbuild is for Kubernetes 1.16 and newer".into())
        }
        ["1", minor] if digits(minor) => Ok(()),
        ["1", minor, patch] if digits(minor) && digits(patch) && patch.len() <= 3 => Ok(()),
        _ => Err(EXAMPLE.into()),
    }
}

fn url(text: &str, schemes: &[&str]) -> Result<(), String> {
    prefix(text, schemes)?;
    let (_, rest) = text.split_once("://").expect("there is a scheme");
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    if let Some(wrong) = rest.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("{} is not allowed in an address", shown(wrong)));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~%:@[]".contains(c);
    if !host.is_empty() && host.chars().all(legal) {
        return Ok(());
    }
    Err(format!(
        "`{host}` is no host; an address is written like `https://example.com/path`"
    ))
}

/// Whether an address has one of the schemes, and something after it.
fn prefix(text: &str, schemes: &[&str]) -> Result<(), String> {
    let all: Vec<String> = schemes
        .iter()
        .map(|scheme| format!("`{scheme}://`"))
        .collect();
    let all = all.join(" or ");
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("an address starts with {all}"));
    };
    if !schemes.contains(&scheme) {
        return Err(format!(
            "an address starts with {all}, not with `{scheme}://`"
        ));
    }
    // A line break ends what a pattern calls any character.
    if rest.is_empty() || rest.starts_with(['\n', '\r', '\u{2028}', '\u{2029}']) {
        return Err("the host is missing".into());
    }
    if rest.contains(['\n', '\r', '\u{2028}', '\u{2029}']) {
        return Err("an address is one line".into());
    }
    Ok(())
}

fn label_key(text: &str) -> Result<(), String> {
    let (host, key) = match text.split_once('/') {
        Some((host, key)) => (Some(host), key),
        None => (None, text),
    };
    if let Some(host) = host {
        if host.chars().count() > 253 {
            return Err("the part before `/` has at most 253 characters".into());
        }
        name(host).map_err(|reason| format!("the part before `/` is a host name: {reason}"))?;
    }
    if key.is_empty() || key.chars().count() > 63 {
        return Err("a key has 1 to 63 characters after the `/`".into());
    }
    label_characters(key, "a key")
}

fn label_value(text: &str) -> Result<(), String> {
    match text {
        "" => Ok(()),
        _ => label_characters(text, "a label's value"),
    }
}

fn label_characters(text: &str, what: &str) -> Result<(), String> {
    let outer = |c: char| c.is_ascii_alphanumeric();
    if let Some(wrong) = text.chars().find(|c| !outer(*c) && !"-_.".contains(*c)) {
        return Err(format!(
            "{what} is made of letters, digits, `-`, `_` and `.`; {} is none of them",
            shown(wrong)
        ));
    }
    if text.starts_with(outer) && text.ends_with(outer) {
        return Ok(());
    }
    Err(format!("{what} starts and ends with a letter or digit"))
}

fn json_pointer(text: &str) -> Result<(), String> {
    if !text.is_empty() && !text.starts_with('/') {
        return Err(format!(
            "a path starts with `/`: `/{}`",
            text.replace('.', "/")
        ));
    }
    let mut escapes = text.split('~').skip(1);
    if escapes.all(|after| after.starts_with(['0', '1'])) {
        Ok(())
    } else {
        Err("in the names of a path, `~0` stands for `~`, and `~1` for `/`".into())
    }
}

fn metric_name(text: &str) -> Result<(), String> {
    match prometheus_label(&text.replace(':', "_")) {
        Ok(()) => Ok(()),
        Err(_) => Err(
            "such a name has letters, digits, `_` and `:`, and does not start with a digit".into(),
        ),
    }
}

fn prometheus_label(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.is_empty()
        && text.chars().all(legal)
        && !text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Ok(());
    }
    Err(
        "a label of Prometheus is made of letters, digits and `_`, and does not start with a digit"
            .into(),
    )
}

fn variable_name(text: &str) -> Result<(), String> {
    if crate::variables::is_name(text) {
        return Ok(());
    }
    Err("it is made of letters, digits, `_` and `-`, and starts with a letter".into())
}

fn characters(text: &str, further: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || further.contains(c);
    match text.chars().find(|c| !legal(*c)) {
        Some(wrong) => Err(format!("{} is not allowed in it", shown(wrong))),
        None if text.is_empty() => Err("it is empty".into()),
        None => Ok(()),
    }
}

fn host_port(text: &str) -> Result<(), String> {
    const EXAMPLE: &str = "it is written like `10.0.0.1:9182`, `host.example:9182` or `[::1]:9182`";
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("the port is missing; {EXAMPLE}"));
    };
    let digits = port.bytes().all(|c| c.is_ascii_digit()) && port.len() <= 5;
    if !digits || !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(format!(
            "`{port}` is no port, a number from 1 to 65535; {EXAMPLE}"
        ));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let known = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(legal),
    };
    if known {
        Ok(())
    } else {
        Err(format!("`{host}` is no host; {EXAMPLE}"))
    }
}

fn ip_address(text: &str) -> Result<(), String> {
    match text.parse::<std::net::IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err("an address is written like `127.0.0.1` or `::1`, without a port".into()),
    }
}

/// A key of a ConfigMap that ends as the pattern says by which templates are found.
fn template_file(text: &str) -> Result<(), String> {
    let Some(stem) = text.strip_suffix(".tmpl") else {
        return Err("it ends in `.tmpl`".to_owned());
    };
    if stem.is_empty() || stem.starts_with('.') || stem.ends_with('.') {
        return Err("before `.tmpl` stands a name that no dot begins or ends".to_owned());
    }
    characters(stem, "-._")
}

/// A section or key of an ini file that needs no quotes.
fn ini_name(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    match text.chars().find(|c| !legal(*c)) {
        Some(wrong) => Err(format!(
            "sections and keys are made of letters, digits, `_`, `.` and `-`; `{wrong}` is none of them"
        )),
        None if text.is_empty() => Err("sections and keys have at least one character".into()),
        None => Ok(()),
    }
}

/// A value that can be written into an ini file: several lines need quotes, of
/// which there are two kinds.
fn ini_value(text: &str) -> Result<(), String> {
    if text.contains('\n') && text.contains('`') && text.contains(r#"""""#) {
        return Err(r#"several lines cannot hold both `"""` and a backtick"#.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is right (`Ok`) or the reason contains the words.
    #[track_caller]
    fn assert_format(format: &str, text: &str, expected: Result<(), &str>) {
        let format = named(format).expect("the format is in the table");
        match (format.check(text), expected) {
            (Ok(()), Ok(())) => {}
            (Err(reason), Err(words)) => assert!(reason.contains(words), "{text:?}: {reason}"),
            (got, _) => panic!("{format:?} {text:?}: {got:?}"),
        }
    }

    #[test]
    fn durations() {
        for right in ["30s", "1h30m", "15d", "1y2w3d4h5m6s7ms", "0s"] {
            assert_format("prometheus-duration", right, Ok(()));
        }
        assert_format("prometheus-duration", "30", Err("has no unit"));
        assert_format("prometheus-duration", "30 s", Err("without signs, spaces"));
        assert_format("prometheus-duration", "1.5h", Err("or fractions"));
        assert_format("prometheus-duration", "-5m", Err("without signs"));
        assert_format("prometheus-duration", "5min", Err("`min` is no unit"));
        assert_format("prometheus-duration", "300y", Err("longer than 292 years"));
        assert_format("prometheus-duration-or-zero", "0", Ok(()));
        assert_format("go-duration-or-zero", "1d", Err("they are h, m, s, ms"));
        assert_format("prometheus-duration", "30m1h", Err("comes too late"));
        assert_format("prometheus-duration", "", Err("written like"));
    }

    #[test]
    fn durations_are_counted_in_any_notation() {
        assert_eq!(milliseconds("90s"), Some(90_000));
        assert_eq!(milliseconds("1m30s"), Some(90_000));
        assert_eq!(milliseconds("1h5ms"), Some(3_600_005));
        assert_eq!(milliseconds("1w"), milliseconds("7d"));
        assert_eq!(milliseconds("0s"), Some(0));
        assert_eq!(milliseconds("30"), None);
        assert_eq!(milliseconds("99999999999999999y"), None);
    }

    #[test]
    fn a_host_has_a_port() {
        for right in ["10.0.0.1:9182", "win-1.example:80", "[::1]:9182"] {
            assert_format("host-and-port", right, Ok(()));
        }
        assert_format("host-and-port", "10.0.0.1", Err("the port is missing"));
        assert_format("host-and-port", "host:+80", Err("`+80` is no port"));
        assert_format("host-and-port", "10.0.0.1:99999", Err("`99999` is no port"));
        assert_format("host-and-port", "http://a:80", Err("`http://a` is no host"));
        assert_format("host-and-port", "::1:9182", Err("`::1` is no host"));
    }

    #[test]
    fn ranges_and_names_of_hosts() {
        for right in ["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32"] {
            assert_format("address-range", right, Ok(()));
        }
        assert_format("address-range", "10.0.0.0", Err("written like"));
        assert_format("address-range", "10.0.0.0/33", Err("at most 32"));
        assert_format("host-name", "*.example.com", Ok(()));
        assert_format("host-name", "https://example.com", Err("no `https://`"));
    }

    #[test]
    fn amounts_are_compared_in_any_notation() {
        assert_eq!(amount("1500m"), Some(1.5));
        assert_eq!(amount("1Gi"), amount("1024Mi"));
        assert_eq!(amount("1e3"), amount("1k"));
        assert_eq!(amount("1GB"), None);
    }

    #[test]
    fn quantities() {
        for right in ["500m", "2", "4Gi", "1.5", "1e3", "100M"] {
            assert_format("kubernetes-quantity", right, Ok(()));
        }
        assert_format("kubernetes-quantity", "4GB", Err("without `B`: `4G`"));
        assert_format("kubernetes-quantity", "4gi", Err("written `Gi`: `4Gi`"));
        assert_format("kubernetes-quantity", "4 Gi", Err("no suffix"));
        assert_format("kubernetes-quantity", "-1", Err("negative"));
        assert_format("kubernetes-signed-quantity", "-1", Ok(()));
        assert_format("kubernetes-quantity", "much", Err("written like"));
    }

    #[test]
    fn names_labels_and_addresses() {
        assert_format("kubernetes-name", "prometheus-k8s.example", Ok(()));
        assert_format("kubernetes-name", "Prometheus", Err("`P` is none of them"));
        assert_format("kubernetes-name", "a..b", Err("between dots"));
        assert_format("kubernetes-name", &"a".repeat(254), Err("this has 254"));
        assert_format("dns-label", "a.b", Err("`.` is none of them"));
        assert_format("dns-label", "a-", Err("ends with"));
        assert_format("label-key", "app.kubernetes.io/name", Ok(()));
        assert_format("label-key", "a b", Err("none of them"));
        assert_format("label-value", "", Ok(()));
        assert_format("label-value", "-a", Err("starts and ends"));
        assert_format("prometheus-label", "cluster", Ok(()));
        assert_format(
            "prometheus-label",
            "my-label",
            Err("letters, digits and `_`"),
        );
        assert_format("url", "https://p.example.com/x", Ok(()));
        assert_format("url", "p.example.com", Err("starts with"));
        assert_format("version", "v3.12.0", Err("without `v`: `3.12.0`"));
        assert_format("kubernetes-version", "1.34", Ok(()));
        assert_format("kubernetes-version", "1.34.4", Ok(()));
        assert_format("kubernetes-version", "1.3", Err("write `\"1.30\"`"));
        assert_format("kubernetes-version", "v1.34", Err("without `v`"));
        assert_format("kubernetes-version", "1.15", Err("1.16 and newer"));
        assert_format("kubernetes-version", "34", Err("written like"));
        assert_format(
            "container-image",
            "quay.io/prometheus/prometheus:v3.12.0",
            Ok(()),
        );
        assert_format("container-image", "a b", Err("a space is not allowed"));
        assert_format("registry", "https://a.example", Err("without `https://`"));
        assert_format("byte-size", "50GB", Ok(()));
        assert_format("byte-size", "50G", Err("whole number"));
        assert_format("host-address", "::1", Ok(()));
        assert_format("host-address", "127.0.0.1:80", Err("without a port"));
        assert_format("setting-name", "auth.generic_oauth", Ok(()));
        assert_format("setting-name", "a=b", Err("`=` is none of them"));
        assert_format("template-file", "team.a.tmpl", Ok(()));
        assert_format("template-file", "team.tpl", Err("ends in `.tmpl`"));
        assert_format("template-file", "..tmpl", Err("no dot begins or ends"));
        assert_format("template-file", "a b.tmpl", Err("is not allowed"));
        assert_format("setting-value", "a`b\"\"\"", Ok(()));
        assert_format("setting-value", "a`b\n\"\"\"", Err("both"));
    }
}
