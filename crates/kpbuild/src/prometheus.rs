//! Asks a Prometheus by its address: the few calls that trying an alert on the
//! past needs.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// A Prometheus that can be asked.
#[derive(Debug, Clone)]
pub(crate) struct Prometheus {
    agent: Agent,
    /// The address without user and password, and without a slash at the end.
    address: String,
    /// What the header `Authorization` says.
    authorization: Option<String>,
}

/// A span of time in seconds since 1970, looked at each `step` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) step: u64,
}

/// When a series had a value: seconds since 1970, in order.
pub(crate) type Times = Vec<u64>;

/// The most points of a series that a server gives in one answer is 11,000.
const MOST_POINTS: u64 = 10_000;
/// A week of a large alert is some tens of megabytes.
const MOST_BYTES: u64 = 1 << 30;

impl Prometheus {
    /// The Prometheus at an address such as `https://user:password@host/prometheus`.
    pub(crate) fn at(address: &str, token: Option<&str>) -> anyhow::Result<Self> {
        let wrong = || anyhow!("`--prometheus` takes an address such as `http://localhost:9090`");
        let (scheme, rest) = address.split_once("://").ok_or_else(wrong)?;
        if !matches!(scheme, "http" | "https") || rest.is_empty() {
            return Err(wrong());
        }
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = match host.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, host),
        };
        let basic = user.map(|user| format!("Basic {}", STANDARD.encode(user)));
        let bearer = token.map(|token| format!("Bearer {token}"));
        // What the user's system trusts, a company's own authority among it.
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(std::time::Duration::from_mins(5)))
            .build();
        Ok(Self {
            agent: config.into(),
            address: format!("{scheme}://{host}{}", path.trim_end_matches('/')),
            authorization: bearer.or(basic),
        })
    }

    /// The server's own time: this machine's clock may be another one.
    pub(crate) fn now(&self) -> anyhow::Result<u64> {
        let data = self.ask("query", &[("query", "time()".to_owned())])?;
        let text = data["result"][1].as_str().unwrap_or_default();
        let seconds: f64 = text
            .parse()
            .with_context(|| format!("`{}` does not know what time it is", self.address))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds since 1970 are positive and small"
        )]
        Ok(seconds as u64)
    }

    /// When each series of an expression had a value.
    pub(crate) fn times(&self, expression: &str, window: Window) -> anyhow::Result<Vec<Times>> {
        let mut series: BTreeMap<String, Times> = BTreeMap::new();
        let span = window.step * MOST_POINTS;
        let mut start = window.start;
        while start <= window.end {
            let end = window.end.min(start + span - window.step);
            let data = self.ask(
                "query_range",
                &[
                    ("query", expression.to_owned()),
                    ("start", start.to_string()),
                    ("end", end.to_string()),
                    ("step", window.step.to_string()),
                ],
            )?;
            for one in data["result"].as_array().into_iter().flatten() {
                let values = one["values"].as_array().into_iter().flatten();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "times are those that were asked for"
                )]
                let times = values.filter_map(|value| Some(value[0].as_f64()?.round() as u64));
                series
                    .entry(one["metric"].to_string())
                    .or_default()
                    .extend(times);
            }
            start = end + window.step;
        }
        Ok(series.into_values().collect())
    }

    fn ask(&self, call: &str, form: &[(&str, String)]) -> anyhow::Result<Value> {
        let address = format!("{}/api/v1/{call}", self.address);
        let mut request = self.agent.post(&address);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let form = form.iter().map(|(name, value)| (*name, value.as_str()));
        let mut answer = request
            .send_form(form)
            .with_context(|| format!("cannot ask Prometheus at `{address}`"))?;
        let status = answer.status();
        let text = answer
            .body_mut()
            .with_config()
            .limit(MOST_BYTES)
            .read_to_string()
            .with_context(|| format!("cannot read the answer of `{address}`"))?;
        let Ok(mut answer) = serde_json::from_str::<Value>(&text) else {
            bail!(
                "`{address}` answers {status} and is no Prometheus: is a path missing in the address?"
            );
        };
        if answer["status"] != "success" {
            let error = answer["error"].as_str().unwrap_or("no reason given");
            bail!("Prometheus answers {status}: {error}");
        }
        Ok(answer["data"].take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_hold_a_user_and_a_path() {
        let at = |address| Prometheus::at(address, None).expect("it is an address");
        let plain = at("http://localhost:9090/");
        assert_eq!(plain.address, "http://localhost:9090");
        assert_eq!(plain.authorization, None);
        let whole = at("https://me:p@ss@example.com/prometheus/");
        assert_eq!(whole.address, "https://example.com/prometheus");
        assert_eq!(whole.authorization.as_deref(), Some("Basic bWU6cEBzcw=="));
        assert!(Prometheus::at("localhost:9090", None).is_err());
        assert!(Prometheus::at("ftp://localhost", None).is_err());
    }
}
