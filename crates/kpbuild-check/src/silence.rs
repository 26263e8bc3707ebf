//! Findings that the stack file accepts: each silence has a reason, and one that
//! silences nothing is a finding itself, so that none outlives what it was for.

use glob::Pattern;
use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Diagnostic, SourceMap, Span};
use kpbuild_stack::Silence;

use crate::check::Finding;
use crate::facts::patterns;

/// A silence that silences nothing.
const UNUSED: Code = Code("silence-unused");
/// A silence of a code that no finding has.
const UNKNOWN_CODE: Code = Code("silence-unknown-code");

/// What was found, and what of it the stack file accepts.
#[derive(Debug, Default)]
pub struct Report {
    /// What is to be mended, in the order of the files and lines that it is about.
    pub findings: Vec<Finding>,
    /// What is accepted.
    pub silenced: Vec<Silenced>,
}

/// A finding that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// What was found.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
}

/// Sorts out what silences accept. Codes that nobody wanted to know of are no
/// reason to say that a silence is unused.
pub fn report(
    found: Vec<Finding>,
    silences: &[(Silence, Option<Span>)],
    sources: &SourceMap,
    wanted: impl Fn(Code) -> bool,
) -> Report {
    let known: Vec<Known<'_>> = silences.iter().map(Known::of).collect();
    let mut used = vec![false; known.len()];
    let mut report = Report::default();
    for finding in found {
        let mut fitting = known
            .iter()
            .enumerate()
            .filter(|(_, one)| one.fits(&finding, sources))
            .peekable();
        let reason = fitting.peek().map(|(_, one)| one.silence.reason.clone());
        fitting.for_each(|(index, _)| used[index] = true);
        match reason {
            Some(reason) => report.silenced.push(Silenced { finding, reason }),
            None => report.findings.push(finding),
        }
    }
    let idle = known.iter().zip(used).filter(|(_, used)| !used);
    let of_silences = idle.filter_map(|(one, _)| one.idle(&wanted));
    report
        .findings
        .extend(of_silences.map(|diagnostic| Finding {
            object: None,
            diagnostic,
        }));
    report.findings.sort_by_cached_key(|one| {
        let place = one.diagnostic.labels.first().map(|label| label.span);
        let diagnostic = &one.diagnostic;
        (
            place.is_none(),
            place,
            diagnostic.severity,
            diagnostic.code,
            diagnostic.message.clone(),
        )
    });
    report
}

struct Known<'s> {
    silence: &'s Silence,
    object: Pattern,
    span: Option<Span>,
}

impl<'s> Known<'s> {
    fn of((silence, span): &'s (Silence, Option<Span>)) -> Self {
        let object = patterns(std::slice::from_ref(&silence.object)).remove(0);
        Self {
            silence,
            object,
            span: *span,
        }
    }

    fn fits(&self, finding: &Finding, sources: &SourceMap) -> bool {
        let says = |words: &String| finding.diagnostic.message.contains(words);
        self.silence.code == finding.diagnostic.code.0
            && names(finding, sources)
                .iter()
                .any(|name| self.object.matches(name))
            && self.silence.message.as_ref().is_none_or(says)
    }

    /// What is said about a silence that silences nothing.
    fn idle(&self, wanted: &impl Fn(Code) -> bool) -> Option<Diagnostic> {
        let code = self.silence.code.as_str();
        let Some(page) = crate::page(code) else {
            let help = match nearest(code, crate::codes()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`kpbuild explain` lists all codes".to_owned(),
            };
            let message = format!("there is no code `{code}`");
            return Some(
                Diagnostic::error(UNKNOWN_CODE, message)
                    .at_some(self.span, "")
                    .help(help),
            );
        };
        let message = format!(
            "nothing is found of `{code}` about `{}`",
            self.silence.object
        );
        wanted(Code(page.code)).then(|| {
            Diagnostic::warning(UNUSED, message)
                .at_some(self.span, "silences nothing")
                .help("remove it, or correct the object: `Kind/name` or `Kind/namespace/name`")
        })
    }
}

/// What a silence may call the subject of a finding.
fn names(finding: &Finding, sources: &SourceMap) -> Vec<String> {
    if let Some(key) = &finding.object {
        return vec![key.to_string(), format!("{}/{}", key.kind, key.name)];
    }
    let place = finding.diagnostic.labels.first();
    place
        .map(|label| sources.file(label.span.file).name.clone())
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_core::ObjectKey;

    fn finding(code: &'static str, kind: &str, name: &str) -> Finding {
        let key = ObjectKey {
            group: String::new(),
            kind: kind.to_owned(),
            namespace: "monitoring".to_owned(),
            name: name.to_owned(),
        };
        Finding {
            object: Some(key),
            diagnostic: Diagnostic::warning(Code(code), format!("{name} is wrong")),
        }
    }

    fn silence(code: &str, object: &str, message: Option<&str>) -> (Silence, Option<Span>) {
        let silence = Silence {
            code: code.to_owned(),
            object: object.to_owned(),
            message: message.map(str::to_owned),
            reason: "known".to_owned(),
        };
        (silence, None)
    }

    /// The codes of what remains.
    fn remains(silences: &[(Silence, Option<Span>)], wanted: &str) -> Vec<&'static str> {
        let found = vec![
            finding("monitor-port", "ServiceMonitor", "a"),
            finding("monitor-port", "ServiceMonitor", "b"),
        ];
        let report = report(found, silences, &SourceMap::default(), |code| {
            wanted.is_empty() || code.0 == wanted
        });
        report
            .findings
            .iter()
            .map(|one| one.diagnostic.code.0)
            .collect()
    }

    #[test]
    fn silences_accept_what_they_name() {
        for object in ["ServiceMonitor/a", "ServiceMonitor/monitoring/a"] {
            assert_eq!(
                remains(&[silence("monitor-port", object, None)], ""),
                ["monitor-port"]
            );
        }
        assert!(remains(&[silence("monitor-port", "ServiceMonitor/*", None)], "").is_empty());
        assert_eq!(
            remains(&[silence("monitor-port", "*", Some("b is"))], ""),
            ["monitor-port"]
        );
    }

    #[test]
    fn silences_of_nothing_are_findings() {
        let other = || silence("monitor-port", "ServiceMonitor/c", None);
        assert_eq!(
            remains(&[other()], ""),
            ["monitor-port", "monitor-port", UNUSED.0]
        );
        assert_eq!(
            remains(&[other()], "schema"),
            ["monitor-port", "monitor-port"],
            "nobody asked"
        );
        assert!(remains(&[silence("monitor-prot", "*", None)], "").contains(&UNKNOWN_CODE.0));
    }
}
