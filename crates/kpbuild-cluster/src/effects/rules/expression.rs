//! What differs between two expressions, in words: thresholds, windows, series
//! that are read. Two expressions of different shape are just different.

use promql_parser::label::Matcher;
use promql_parser::parser::{self, BinaryExpr, Expr, VectorSelector};
use serde_json::Value;

use super::difference::Part;
use super::{RuleKind, Tendency};

/// What differs between the expressions of two rules.
pub(super) fn parts(kind: RuleKind, old: &Value, new: &Value) -> Vec<Part> {
    if old == new {
        return Vec::new();
    }
    let changed = || vec![Part::new("expression changed")];
    let parse = |value: &Value| parser::parse(&text(value)).ok();
    let (Some(old), Some(new)) = (parse(old), parse(new)) else {
        return changed();
    };
    let mut walk = Walk { parts: Vec::new() };
    let growing = (kind == RuleKind::Alert).then_some(Sense::Same);
    match walk.walk(&old, &new, growing) {
        Ok(()) if walk.parts.is_empty() => vec![Part::new("expression written differently")],
        Ok(()) => walk.parts,
        Err(Different) => changed(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The expressions are of different shape.
struct Different;

/// Whether more results of a part are more results of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Same,
    Opposite,
}

impl Sense {
    fn of(self, tendency: Tendency) -> Tendency {
        match self {
            Self::Same => tendency,
            Self::Opposite => tendency.opposite(),
        }
    }

    fn turned(self) -> Self {
        match self {
            Self::Same => Self::Opposite,
            Self::Opposite => Self::Same,
        }
    }
}

struct Walk {
    parts: Vec<Part>,
}

impl Walk {
    /// Collects what differs. `sense` is known as long as results pass through.
    fn walk(&mut self, old: &Expr, new: &Expr, sense: Option<Sense>) -> Result<(), Different> {
        match (bare(old), bare(new)) {
            (Expr::Binary(old), Expr::Binary(new)) => self.binary(old, new, sense),
            (Expr::NumberLiteral(old), Expr::NumberLiteral(new)) => {
                if old.val.to_bits() != new.val.to_bits() {
                    self.say(format!("number {} to {}", old.val, new.val), None);
                }
                Ok(())
            }
            (Expr::VectorSelector(old), Expr::VectorSelector(new)) => self.selector(old, new),
            (Expr::MatrixSelector(old), Expr::MatrixSelector(new)) => {
                self.window(old.range, new.range);
                self.selector(&old.vs, &new.vs)
            }
            (Expr::Subquery(old), Expr::Subquery(new))
                if old.offset == new.offset && old.at == new.at && old.step == new.step =>
            {
                self.window(old.range, new.range);
                self.walk(&old.expr, &new.expr, None)
            }
            (Expr::Call(old), Expr::Call(new))
                if old.func.name == new.func.name && old.args.args.len() == new.args.args.len() =>
            {
                let arguments = old.args.args.iter().zip(&new.args.args);
                arguments
                    .into_iter()
                    .try_for_each(|(old, new)| self.walk(old, new, None))
            }
            (Expr::Aggregate(old), Expr::Aggregate(new))
                if old.op == new.op && old.modifier == new.modifier =>
            {
                match (&old.param, &new.param) {
                    (None, None) => {}
                    (Some(old), Some(new)) => self.walk(old, new, None)?,
                    _ => return Err(Different),
                }
                self.walk(&old.expr, &new.expr, None)
            }
            (Expr::Unary(old), Expr::Unary(new)) => self.walk(&old.expr, &new.expr, None),
            (old, new) if old == new => Ok(()),
            _ => Err(Different),
        }
    }

    fn binary(
        &mut self,
        old: &BinaryExpr,
        new: &BinaryExpr,
        sense: Option<Sense>,
    ) -> Result<(), Different> {
        if old.modifier != new.modifier {
            return Err(Different);
        }
        let op = new.op.to_string();
        if is_comparison(&old.op.to_string()) && is_comparison(&op) {
            return self.comparison(old, new, sense);
        }
        if old.op != new.op {
            return Err(Different);
        }
        let (left, right) = match op.as_str() {
            "and" | "or" => (sense, sense),
            "unless" => (sense, sense.map(Sense::turned)),
            _ => (None, None),
        };
        self.walk(&old.lhs, &new.lhs, left)?;
        self.walk(&old.rhs, &new.rhs, right)
    }

    fn comparison(
        &mut self,
        old: &BinaryExpr,
        new: &BinaryExpr,
        sense: Option<Sense>,
    ) -> Result<(), Different> {
        let is_filter = |expr: &BinaryExpr| !expr.modifier.as_ref().is_some_and(|m| m.return_bool);
        let sense = sense.filter(|_| is_filter(old));
        let lead = |tendency: Option<Tendency>| Some(sense?.of(tendency?));
        let op = &new.op.to_string();
        if old.op != new.op {
            let text = format!("compares by {op} instead of {}", old.op);
            self.say(text, lead(wider(&old.op.to_string(), op)));
        }
        if let (Some(before), Some(after)) = (constant(&old.rhs), constant(&new.rhs)) {
            self.threshold(before, after, lead(growing(op, before, after)));
            return self.walk(&old.lhs, &new.lhs, None);
        }
        if let (Some(before), Some(after)) = (constant(&old.lhs), constant(&new.lhs)) {
            let tendency = growing(op, before, after).map(Tendency::opposite);
            self.threshold(before, after, lead(tendency));
        } else {
            self.walk(&old.lhs, &new.lhs, None)?;
        }
        self.walk(&old.rhs, &new.rhs, None)
    }

    fn threshold(&mut self, old: f64, new: f64, tendency: Option<Tendency>) {
        if old.to_bits() != new.to_bits() {
            let number = |number: f64| {
                // Products of decimals have a tail that nobody wrote.
                let rounded = (number * 1e12).round() / 1e12;
                if rounded.is_finite() { rounded } else { number }
            };
            self.say(
                format!("threshold {} to {}", number(old), number(new)),
                tendency,
            );
        }
    }

    fn window(&mut self, old: std::time::Duration, new: std::time::Duration) {
        use promql_parser::util::display_duration;
        if old != new {
            let text = format!(
                "window {} to {}",
                display_duration(&old),
                display_duration(&new)
            );
            self.say(text, None);
        }
    }

    fn selector(&mut self, old: &VectorSelector, new: &VectorSelector) -> Result<(), Different> {
        if old.offset != new.offset
            || old.at != new.at
            || old.matchers.or_matchers != new.matchers.or_matchers
        {
            return Err(Different);
        }
        let name = |selector: &VectorSelector| selector.name.clone().unwrap_or_default();
        if old.name != new.name {
            self.say(
                format!("reads {} instead of {}", name(new), name(old)),
                None,
            );
        }
        let (old, new_matchers) = (&old.matchers.matchers, &new.matchers.matchers);
        let only = |these: &[Matcher], those: &[Matcher]| -> Vec<String> {
            let only = these.iter().filter(|matcher| !those.contains(matcher));
            only.map(|matcher| format!("`{matcher}`")).collect()
        };
        let (gone, come) = (only(old, new_matchers), only(new_matchers, old));
        let text = match (gone.is_empty(), come.is_empty()) {
            (true, true) => return Ok(()),
            (true, false) => format!("reads fewer of {}: only {}", name(new), come.join(", ")),
            (false, true) => format!("reads more of {}: not only {}", name(new), gone.join(", ")),
            (false, false) => format!(
                "reads other {}: {} instead of {}",
                name(new),
                come.join(", "),
                gone.join(", ")
            ),
        };
        self.say(text, None);
        Ok(())
    }

    /// The same change in several places of an expression is said once.
    fn say(&mut self, text: String, tendency: Option<Tendency>) {
        let part = Part::new(text).leading_to(tendency);
        if !self.parts.contains(&part) {
            self.parts.push(part);
        }
    }
}

/// An expression without the parentheses around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(inner) => bare(&inner.expr),
        other => other,
    }
}

fn is_comparison(op: &str) -> bool {
    ["==", "!=", ">", ">=", "<", "<="].contains(&op)
}

/// Where a higher threshold on the right side leads.
fn growing(op: &str, old: f64, new: f64) -> Option<Tendency> {
    match op {
        ">" | ">=" => Tendency::Quieter.when_growing(&old, &new),
        "<" | "<=" => Tendency::Noisier.when_growing(&old, &new),
        _ => None,
    }
}

/// Where another comparison leads, if one holds whenever the other does.
fn wider(old: &str, new: &str) -> Option<Tendency> {
    match (old, new) {
        (">", ">=") | ("<", "<=") => Some(Tendency::Noisier),
        (">=", ">") | ("<=", "<") => Some(Tendency::Quieter),
        _ => None,
    }
}

/// The value of an expression of numbers only.
fn constant(expr: &Expr) -> Option<f64> {
    match bare(expr) {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Unary(inner) => Some(-constant(&inner.expr)?),
        Expr::Binary(expr) => {
            let (left, right) = (constant(&expr.lhs)?, constant(&expr.rhs)?);
            match expr.op.to_string().as_str() {
                "+" => Some(left + right),
                "-" => Some(left - right),
                "*" => Some(left * right),
                "/" => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(old: &str, new: &str, expected: &[&str]) {
        let parts = parts(RuleKind::Alert, &json!(old), &json!(new));
        let texts: Vec<String> = parts.iter().map(Part::to_string).collect();
        assert_eq!(texts, expected, "{old} -> {new}");
    }

    #[test]
    fn thresholds_lead_to_more_or_less() {
        check("x > 0.9", "x > 0.8", &["threshold 0.9 to 0.8 (noisier)"]);
        check("x >= 1", "x >= 2", &["threshold 1 to 2 (quieter)"]);
        check("x < 0.1", "x < 0.2", &["threshold 0.1 to 0.2 (noisier)"]);
        check("0.1 > x", "0.2 > x", &["threshold 0.1 to 0.2 (noisier)"]);
        check("x == 1", "x == 0", &["threshold 1 to 0"]);
        check(
            "x > 1",
            "x >= 1",
            &["compares by >= instead of > (noisier)"],
        );
        check(
            "x > (14.4 * 0.01)",
            "x > (6 * 0.01)",
            &["threshold 0.144 to 0.06 (noisier)"],
        );
    }

    #[test]
    fn a_tendency_is_told_only_where_it_is_certain() {
        check(
            "a and x > 1",
            "a and x > 2",
            &["threshold 1 to 2 (quieter)"],
        );
        check(
            "a unless x > 1",
            "a unless x > 2",
            &["threshold 1 to 2 (noisier)"],
        );
        check(
            "count(x > 1) > 3",
            "count(x > 2) > 3",
            &["threshold 1 to 2"],
        );
        check("absent(x > 1)", "absent(x > 2)", &["threshold 1 to 2"]);
        check("x * 10 > 3", "x * 20 > 3", &["number 10 to 20"]);
    }

    #[test]
    fn windows_and_series_are_named() {
        check("rate(x[5m]) > 0", "rate(x[10m]) > 0", &["window 5m to 10m"]);
        check(
            "x{a=\"b\"} > 0",
            "x{a=\"b\", c=\"d\"} > 0",
            &["reads fewer of x: only `c=\"d\"`"],
        );
        check(
            "x{a=\"b\"} > 0",
            "x > 0",
            &["reads more of x: not only `a=\"b\"`"],
        );
        check("x > 0", "y > 0", &["reads y instead of x"]);
        check(
            "x{a=\"b\"}",
            "x{a=\"c\"}",
            &["reads other x: `a=\"c\"` instead of `a=\"b\"`"],
        );
    }

    #[test]
    fn other_shapes_are_just_other() {
        check("sum(x)", "avg(x)", &["expression changed"]);
        check("x > 0", "x > 0 and y", &["expression changed"]);
        check("sum by (a) (x)", "sum by (b) (x)", &["expression changed"]);
        check("x>0", "(x) > 0", &["expression written differently"]);
        check("x >", "x > 0", &["expression changed"]);
    }
}
