//! The integration tests: one binary, linked once, whose tests share one cluster. A module stands for what is tested;
//! what the tests stand on is the library beside it, in `support/`.

mod adapter;
mod alertmanager;
mod chart;
mod ci;
mod cli;
mod cluster;
mod conformance;
mod dashboards;
mod diagnostics;
mod gitops;
mod golden;
mod import;
mod jsonnet;
mod mixins;
mod options;
mod reach;
mod yaml;
