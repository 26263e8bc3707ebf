//! What a check is, and what it finds.

use kpbuild_core::{Code, Diagnostic, Object, ObjectKey, Severity, Span};

use crate::expressions::{Expression, Of};
use crate::facts::Facts;
use crate::rules::Rule;

/// One thing that can be wrong with a bundle.
#[derive(Debug)]
pub struct Check {
    /// The code of its findings.
    pub code: Code,
    /// How bad its findings are.
    pub severity: Severity,
    /// What its page says: what is looked at, why it matters, what to do.
    pub page: &'static str,
    /// Looks at the facts.
    pub(crate) run: fn(&Facts<'_>, &mut Findings<'_>),
}

/// One finding about one object, or about a file of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The object that it is about, if it is about one.
    pub object: Option<ObjectKey>,
    /// What is wrong, and the way out.
    pub diagnostic: Diagnostic,
}

impl Check {
    /// What this check finds.
    pub(crate) fn findings(&self, facts: &Facts<'_>) -> Vec<Finding> {
        let mut findings = Findings {
            check: self,
            of_manifests: facts.checking.manifests,
            list: Vec::new(),
        };
        (self.run)(facts, &mut findings);
        findings.list
    }
}

/// Collects what one check finds.
#[derive(Debug)]
pub(crate) struct Findings<'c> {
    check: &'c Check,
    of_manifests: bool,
    list: Vec<Finding>,
}

impl Findings<'_> {
    /// Records what is wrong with an object, at the line of the stack file that
    /// asked for it. The message names the object, since often no line did.
    pub(crate) fn on(&mut self, object: &Object, message: impl Into<String>) -> Words<'_> {
        let about = label(object, self.of_manifests);
        self.add(object, object.origin.span, about, message.into())
    }

    /// Records what is wrong with a rule, at the line where the user wrote or
    /// changed it, or asked for its object.
    pub(crate) fn on_rule(&mut self, rule: &Rule<'_>, message: impl Into<String>) -> Words<'_> {
        self.on_part(rule.object, &rule.pointer, message)
    }

    /// Records what is wrong with a part of an object, at the line where that is
    /// written, or that asked for the object.
    pub(crate) fn on_part(
        &mut self,
        object: &Object,
        pointer: &str,
        message: impl Into<String>,
    ) -> Words<'_> {
        let place = object.place(pointer);
        let about = if place == object.origin.span {
            label(object, self.of_manifests)
        } else {
            String::new()
        };
        self.add(object, place, about, message.into())
    }

    /// Records what is wrong with an expression, at the line of its rule or of
    /// the object that has it.
    pub(crate) fn on_expression(
        &mut self,
        expression: &Expression<'_, '_>,
        message: impl Into<String>,
    ) -> Words<'_> {
        match expression.of {
            Of::Rule(rule) => self.on_rule(rule, message),
            Of::Query(query) => self.on(query.object, message),
        }
    }

    fn add(
        &mut self,
        object: &Object,
        place: Option<Span>,
        about: String,
        message: String,
    ) -> Words<'_> {
        let make = match self.check.severity {
            Severity::Error => Diagnostic::error,
            Severity::Warning => Diagnostic::warning,
        };
        let diagnostic = make(self.check.code, message).at_some(place, about);
        self.list.push(Finding {
            object: Some(object.key().clone()),
            diagnostic,
        });
        Words(&mut self.list.last_mut().expect("it was just added").diagnostic)
    }
}

/// The words beside the line of an object: in manifests it is the object itself.
pub(crate) fn label(object: &Object, of_manifests: bool) -> String {
    if of_manifests {
        String::new()
    } else {
        format!("asks for {}", object.key())
    }
}

/// What else is said about a finding.
pub(crate) struct Words<'f>(&'f mut Diagnostic);

impl Words<'_> {
    /// Adds a fact.
    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        self.0.notes.push(note.into());
        self
    }

    /// Says the way out.
    pub(crate) fn help(self, help: impl Into<String>) {
        self.0.help = Some(help.into());
    }
}
