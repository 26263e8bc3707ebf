//! `kpbuild forward`, `query` and `status` on an installed stack: port-forwards of the test cluster end at a real
//! Prometheus, real Alertmanagers, and a web server in Grafana's place.

#[cfg(target_os = "linux")]
mod another_host;
mod forward;
mod installed;
mod password;
mod query;
mod status;
mod walk;
