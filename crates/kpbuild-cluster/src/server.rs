//! Requests to the API server: a path and a body in, JSON or a refusal out, and
//! patience with a server that is busy, restarting, or behind a bad line.
//!
//! kube connects and authenticates; its typed calls are not used, because they
//! hide the status codes and headers that this program goes by.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use crate::answer::Refusal;
use crate::resources::Resource;

/// A connection to an API server.
pub(crate) struct Server {
    client: Client,
    /// Whether it has ever answered: a wrong address shall not be tried for long.
    reached: Cell<bool>,
    requests: Cell<usize>,
    /// Set when no request shall be repeated any more.
    stop: RefCell<Arc<AtomicBool>>,
}

/// A request that may be sent more than once.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    accept: &'static str,
    body: Option<(&'static str, Vec<u8>)>,
}

/// A success of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Whether the object is new.
    pub(crate) created: bool,
    /// Whether the request was sent more than once, so that an answer may be lost.
    pub(crate) repeated: bool,
    /// The server's clock, to the second.
    pub(crate) now: Option<Timestamp>,
    /// The body.
    pub(crate) value: Value,
}

/// How an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApplyAs {
    pub(crate) manager: &'static str,
    /// Only ask what would come of it.
    pub(crate) dry: bool,
    /// Take fields from their owners.
    pub(crate) force: bool,
}

const JSON: &str = "application/json";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                         application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

impl Server {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            reached: Cell::new(false),
            requests: Cell::new(0),
            stop: RefCell::default(),
        }
    }

    /// Repeats no request any more once this is set.
    pub(crate) fn stop_with(&self, stop: &Arc<AtomicBool>) {
        self.stop.replace(Arc::clone(stop));
    }

    /// How many requests were sent, repeated ones included.
    pub(crate) fn requests(&self) -> usize {
        self.requests.get()
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Refusal> {
        self.call(Ask::reading(path, JSON)).await
    }

    /// An object, or nothing when there is none.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>, Refusal> {
        match self.get(path).await {
            Ok(answer) => Ok(Some(answer.value)),
            Err(refusal) if refusal.is_not_found() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// All kinds that the server knows below `/api` or `/apis`.
    pub(crate) async fn discovery(&self, path: &str) -> Result<Value, Refusal> {
        Ok(self.call(Ask::reading(path, DISCOVERY)).await?.value)
    }

    /// A text, such as a log.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Refusal> {
        match self.once(&Ask::reading(path, "*/*")).await {
            Outcome::Success(_, _, bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Outcome::Refused(refusal, _) => Err(refusal),
        }
    }

    /// The metadata of all objects in a list, page by page.
    pub(crate) async fn list_metadata(&self, path: &str) -> Result<Vec<Value>, Refusal> {
        self.list_as(path, METADATA_LIST).await
    }

    /// All objects in a list, page by page.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>, Refusal> {
        self.list_as(path, JSON).await
    }

    async fn list_as(&self, path: &str, accept: &'static str) -> Result<Vec<Value>, Refusal> {
        let mut all = Vec::new();
        let mut page = format!("{path}&limit=500");
        loop {
            let mut answer = self.call(Ask::reading(&page, accept)).await?.value;
            if let Value::Array(items) = answer["items"].take() {
                all.extend(items);
            }
            match answer["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => {
                    page = format!("{path}&limit=500&continue={token}");
                }
                _ => return Ok(all),
            }
        }
    }

    /// Applies a manifest on the server's side.
    pub(crate) async fn apply(
        &self,
        path: &str,
        manifest: &Value,
        how: ApplyAs,
    ) -> Result<Answer, Refusal> {
        let dry = if how.dry { "&dryRun=All" } else { "" };
        let path = format!(
            "{path}?fieldManager={}&fieldValidation=Strict&force={}{dry}",
            how.manager, how.force
        );
        self.send(
            Method::PATCH,
            &path,
            "application/apply-patch+yaml",
            manifest,
        )
        .await
    }

    /// Changes an object by a JSON patch.
    pub(crate) async fn patch(&self, path: &str, operations: &Value) -> Result<Answer, Refusal> {
        self.send(
            Method::PATCH,
            path,
            "application/json-patch+json",
            operations,
        )
        .await
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Result<Answer, Refusal> {
        self.send(Method::POST, path, JSON, object).await
    }

    pub(crate) async fn replace(&self, path: &str, object: &Value) -> Result<Answer, Refusal> {
        self.send(Method::PUT, path, JSON, object).await
    }

    /// Deletes exactly the object of this identity. True when it is gone already;
    /// otherwise something still has to end first.
    pub(crate) async fn delete(
        &self,
        path: &str,
        uid: Option<&str>,
        policy: &str,
    ) -> Result<bool, Refusal> {
        let mut options = serde_json::json!({"propagationPolicy": policy});
        if let Some(uid) = uid {
            options["preconditions"] = serde_json::json!({"uid": uid});
        }
        match self.send(Method::DELETE, path, JSON, &options).await {
            Ok(answer) => Ok(answer.value["kind"] == "Status"),
            Err(refusal) if refusal.is_not_found() => Ok(true),
            Err(refusal) => Err(refusal),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: &'static str,
        body: &Value,
    ) -> Result<Answer, Refusal> {
        let body = Some((content, serde_json::to_vec(body).expect("a value is JSON")));
        self.call(Ask {
            method,
            path,
            accept: JSON,
            body,
        })
        .await
    }

    /// Sends a request until it is answered for good.
    async fn call(&self, ask: Ask<'_>) -> Result<Answer, Refusal> {
        let mut attempt = 0;
        loop {
            let (refusal, after) = match self.once(&ask).await {
                Outcome::Success(code, headers, bytes) => {
                    let mut answer = success(code, &headers, &bytes)?;
                    answer.repeated = attempt > 0;
                    return Ok(answer);
                }
                Outcome::Refused(refusal, after) => (refusal, after),
            };
            let Some(pause) = pause(attempt, &refusal, after, self.reached.get()) else {
                return Err(refusal);
            };
            if self.sleep(pause).await {
                return Err(refusal);
            }
            attempt += 1;
        }
    }

    /// Sleeps; true when there is no use in going on.
    async fn sleep(&self, pause: Duration) -> bool {
        const GLANCE: Duration = Duration::from_millis(200);
        let mut left = pause;
        while !left.is_zero() && !self.stop.borrow().load(Ordering::Relaxed) {
            let nap = left.min(GLANCE);
            tokio::time::sleep(nap).await;
            left -= nap;
        }
        self.stop.borrow().load(Ordering::Relaxed)
    }

    async fn once(&self, ask: &Ask<'_>) -> Outcome {
        self.requests.set(self.requests.get() + 1);
        let answer = async {
            let response = self.client.send(ask.request()?).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, kube::Error>((parts, body.collect_bytes().await?))
        };
        match answer.await {
            Ok((parts, bytes)) => {
                self.reached.set(true);
                if parts.status.is_success() {
                    return Outcome::Success(parts.status, parts.headers, bytes.to_vec());
                }
                let refusal = Refusal::read(parts.status.as_u16(), &bytes);
                Outcome::Refused(refusal, retry_after(&parts.headers))
            }
            Err(error) => Outcome::Refused(Refusal::unreachable(chain(&error)), None),
        }
    }
}

impl<'a> Ask<'a> {
    fn reading(path: &'a str, accept: &'static str) -> Self {
        Self {
            method: Method::GET,
            path,
            accept,
            body: None,
        }
    }

    fn request(&self) -> Result<Request<Body>, kube::Error> {
        let request = Request::builder()
            .method(&self.method)
            .uri(self.path)
            .header(header::ACCEPT, self.accept)
            .header(
                header::USER_AGENT,
                concat!("kpbuild/", env!("CARGO_PKG_VERSION")),
            );
        match &self.body {
            Some((content, bytes)) => request
                .header(header::CONTENT_TYPE, *content)
                .body(Body::from(bytes.clone())),
            None => request.body(Body::empty()),
        }
        .map_err(kube::Error::HttpError)
    }
}

enum Outcome {
    Success(StatusCode, HeaderMap, Vec<u8>),
    /// With the pause that the server asks for.
    Refused(Refusal, Option<Duration>),
}

fn success(code: StatusCode, headers: &HeaderMap, bytes: &[u8]) -> Result<Answer, Refusal> {
    let value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::unreachable(format!("its answer is not JSON: {error}")))?;
    let date = headers
        .get(header::DATE)
        .and_then(|date| date.to_str().ok());
    Ok(Answer {
        created: code == StatusCode::CREATED,
        repeated: false,
        now: date.and_then(|date| Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp())),
        value,
    })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// How long to wait before the next attempt, if there shall be one. Every
/// request may be repeated: applying twice is applying once, and deletions name
/// the object's identity.
fn pause(
    attempt: u32,
    refusal: &Refusal,
    asked: Option<Duration>,
    reached: bool,
) -> Option<Duration> {
    const ATTEMPTS: u32 = 9;
    const FIRST_CONTACT: u32 = 3;
    const LONGEST: Duration = Duration::from_secs(5);
    const LONGEST_ASKED: Duration = Duration::from_secs(30);
    let passing = matches!(refusal.code, 0 | 429 | 500 | 502..=504);
    let limit = if reached { ATTEMPTS } else { FIRST_CONTACT };
    if !passing || attempt + 1 >= limit {
        return None;
    }
    let back_off = Duration::from_millis(100 << attempt).min(LONGEST);
    Some(asked.map_or(back_off, |asked| asked.min(LONGEST_ASKED).max(back_off)))
}

/// An error with everything that caused it, each thing once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// The path of the objects that carry a label.
pub(crate) fn labelled(resource: &Resource, namespace: &str, label: &str, value: &str) -> String {
    let selector = format!("{label}={value}")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("{}?labelSelector={selector}", resource.list(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16) -> Refusal {
        Refusal::read(code, b"")
    }

    #[test]
    fn passing_troubles_are_waited_for() {
        let millis = |attempt, code, asked| {
            pause(attempt, &refusal(code), asked, true).map(|pause| pause.as_millis())
        };
        assert_eq!(millis(0, 503, None), Some(100));
        assert_eq!(millis(3, 500, None), Some(800));
        assert_eq!(millis(7, 0, None), Some(5000));
        assert_eq!(millis(8, 0, None), None);
        assert_eq!(millis(0, 429, Some(Duration::from_secs(2))), Some(2000));
        assert_eq!(millis(0, 429, Some(Duration::from_hours(1))), Some(30_000));
        assert_eq!(millis(0, 403, None), None);
        assert_eq!(millis(0, 409, None), None);
    }

    #[test]
    fn a_server_that_never_answered_is_given_up_soon() {
        assert!(pause(1, &refusal(0), None, false).is_some());
        assert!(pause(2, &refusal(0), None, false).is_none());
    }
}
