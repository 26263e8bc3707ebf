//! What the integration tests stand on: the programs they run, built once from their Go modules (`tools`), child
//! processes that never outlive a test run (`programs`), a Kubernetes cluster on loopback (`cluster`), a proxy that breaks requests
//! to it (`faults`), a real
//! Prometheus with what the operator generated there (`prometheus`), and checks that are shell scripts (`scripts`).
//!
//! Only `kpbuild`, which runs the program as its users do, knows the product: a failure in anything else here is never
//! one of the product.

pub mod cluster;
pub mod faults;
pub mod http;
pub mod kpbuild;
pub mod programs;
pub mod prometheus;
pub mod pty;
pub mod scripts;
pub mod tools;
pub mod web;
pub mod yamlread;
