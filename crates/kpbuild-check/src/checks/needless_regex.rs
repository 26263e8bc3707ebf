//! A pattern that is none.

use kpbuild_core::{Code, Severity};
use promql_parser::label::{MatchOp, Matcher};

use crate::check::{Check, Findings};
use crate::facts::Facts;
use crate::promql::uses;

pub(super) const CHECK: Check = Check {
    code: Code("needless-regex"),
    severity: Severity::Warning,
    page: "\
A matcher with `=~` or `!~` whose pattern has nothing of a pattern says less than
`=` and costs more; `^` and `$` are not needed, since a pattern always has to match
the whole value; `=~\".*\"` selects everything, and is left out. Such a matcher is
often a slip: `pod=~\"api\"` does not select `api-1`.

Queries of dashboards are left alone: a variable may stand for several values. To
mend it, use `=`, or write the pattern that was meant.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in facts.expressions().filter(|one| one.rule().is_some()) {
        for one in uses(expression.expr) {
            for matcher in &one.selector.matchers.matchers {
                if let Some((problem, help)) = problem(matcher) {
                    let message = format!("{} {problem}", expression.place());
                    findings.on_expression(&expression, message).help(help);
                }
            }
        }
    }
}

fn problem(matcher: &Matcher) -> Option<(String, String)> {
    let (written, plain) = match &matcher.op {
        MatchOp::Re(_) => ("=~", "="),
        MatchOp::NotRe(_) => ("!~", "!="),
        _ => return None,
    };
    let (name, value) = (&matcher.name, &matcher.value);
    let text = format!("`{name}{written}\"{value}\"`");
    if value == ".*" && written == "=~" {
        return Some((
            format!("has {text}, which selects everything"),
            "leave it out".to_owned(),
        ));
    }
    if value.starts_with('^') || (value.ends_with('$') && !value.ends_with("\\$")) {
        return Some((
            format!("has {text}, whose `^` and `$` are not needed"),
            "leave them out: a pattern always has to match the whole value".to_owned(),
        ));
    }
    let is_plain = !value.is_empty() && !value.contains(|c| r".+*?()|[]{}^$\".contains(c));
    is_plain.then(|| {
        (
            format!("has {text}, which has nothing of a pattern"),
            format!("write `{name}{plain}\"{value}\"`, or the pattern that was meant"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::problem;
    use promql_parser::parser::{Expr, parse};

    #[test]
    fn patterns_are_told_from_texts() {
        let found = |text: &str| {
            let Ok(Expr::VectorSelector(selector)) = parse(text) else {
                panic!("{text} is a selector")
            };
            selector
                .matchers
                .matchers
                .iter()
                .find_map(problem)
                .is_some()
        };
        for text in [
            r#"a{b=~"c"}"#,
            r#"a{b!~"c"}"#,
            r#"a{b=~"^c.*"}"#,
            r#"a{b=~".*"}"#,
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            r#"a{b=~"c|d"}"#,
            r#"a{b="c"}"#,
            r#"a{b=~".+"}"#,
            r#"a{b=~"a\\$"}"#,
        ] {
            assert!(!found(text), "{text}");
        }
    }
}
