//! What a cluster's API server was asked, from its audit log: the proof that an apply wrote nothing, and the count of
//! requests behind every claim about speed.

use std::path::Path;

use serde_json::Value;

/// One finished request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// Path and query.
    pub uri: String,
    /// The user's name.
    pub user: String,
    /// What the client calls itself.
    pub agent: String,
    /// The status code of the answer.
    pub code: u64,
}

impl Request {
    /// Whether the request changed, or could have changed, what the server stores.
    pub fn is_write(&self) -> bool {
        let changes = ["create", "update", "patch", "delete", "deletecollection"]
            .contains(&self.verb.as_str());
        changes && !self.uri.contains("dryRun=All") && !self.is_review()
    }

    /// Access reviews are questions in the form of a `create`.
    fn is_review(&self) -> bool {
        self.uri.starts_with("/apis/authorization.k8s.io/")
            || self.uri.starts_with("/apis/authentication.k8s.io/")
    }
}

/// The policy that the server logs by: every request once, when it is answered.
pub(super) const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
- RequestReceived
rules:
- level: Metadata
";

pub(super) fn requests(log: &Path) -> Vec<Request> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .map(|event: Value| request(&event))
        .collect()
}

fn request(event: &Value) -> Request {
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Request {
        verb: text("/verb"),
        uri: text("/requestURI"),
        user: text("/user/username"),
        agent: text("/userAgent"),
        code: event
            .pointer("/responseStatus/code")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
    }
}
