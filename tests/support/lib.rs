//! What the integration tests stand on: the programs they run, built once from their Go modules (`tools`), child
//! processes that never outlive a test run (`programs`), and a Kubernetes cluster on loopback (`cluster`).
//!
//! Nothing here knows `kpbuild` itself, so that a failure in here is never a failure of the product.

pub mod cluster;
pub mod programs;
pub mod tools;
pub mod yamlread;
