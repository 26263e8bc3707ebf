//! What the API server says when it says no.

use serde_json::Value;

/// An answer of the server other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code; 0 when no answer came.
    pub code: u16,
    /// The server's word for the reason, such as `Forbidden`.
    pub reason: String,
    /// The server's message.
    pub message: String,
    /// What exactly is wrong: field and message.
    pub causes: Vec<Cause>,
}

/// One of the reasons for a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The server's word for it, such as `FieldManagerConflict`.
    pub reason: String,
    /// The field, as the server spells it.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Refusal {
    /// Reads the `Status` that the server sends with a code.
    pub(crate) fn read(code: u16, body: &[u8]) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let message = match status["message"].as_str() {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(body)
                .trim()
                .chars()
                .take(300)
                .collect(),
        };
        let causes = status["details"]["causes"].as_array().into_iter().flatten();
        Self {
            code,
            reason: text(&status["reason"]),
            message,
            causes: causes
                .map(|cause| Cause {
                    reason: text(&cause["reason"]),
                    field: text(&cause["field"]),
                    message: text(&cause["message"]),
                })
                .collect(),
        }
    }

    /// No answer came at all.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self {
            code: 0,
            reason: "Unreachable".to_owned(),
            message: message.into(),
            causes: Vec::new(),
        }
    }

    /// Whether the object, or what it lives in, is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == 404
    }

    /// The messages about fields that cannot change once they are set, if there
    /// is nothing else wrong with the object.
    pub(crate) fn immutable(&self) -> Option<Vec<String>> {
        if self.code != 422 || self.causes.is_empty() {
            return None;
        }
        let cannot_change =
            |cause: &Cause| IMMUTABLE.iter().any(|words| cause.message.contains(words));
        self.causes.iter().all(cannot_change).then(|| {
            let mut fields: Vec<String> = self
                .causes
                .iter()
                .map(|cause| cause.field.clone())
                .collect();
            fields.dedup();
            fields
        })
    }
}

/// The server's words for a field that cannot change.
const IMMUTABLE: [&str; 6] = [
    "field is immutable",
    "is immutable",
    "cannot change roleRef",
    "may not change once set",
    "updates to statefulset spec for fields other than",
    "may not be changed",
];

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            0 => write!(f, "the API server does not answer: {}", self.message),
            429 => write!(f, "the API server is too busy: {}", self.message),
            code if self.message.is_empty() => write!(f, "the API server answers with code {code}"),
            _ => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(message: &str) -> Refusal {
        let cause =
            json!({"reason": "FieldValueInvalid", "message": message, "field": "spec.selector"});
        Refusal::read(
            422,
            json!({"message": "m", "details": {"causes": [cause]}})
                .to_string()
                .as_bytes(),
        )
    }

    #[test]
    fn fields_that_cannot_change_are_told_from_wrong_ones() {
        assert_eq!(
            refusal("Invalid value: {}: field is immutable").immutable(),
            Some(vec!["spec.selector".to_owned()])
        );
        assert_eq!(refusal("Required value").immutable(), None);
    }

    #[test]
    fn an_answer_that_is_no_status_is_shown_as_it_is() {
        assert_eq!(
            Refusal::read(502, b"bad gateway\n").to_string(),
            "bad gateway"
        );
        assert_eq!(
            Refusal::read(503, b"").to_string(),
            "the API server answers with code 503"
        );
    }
}
