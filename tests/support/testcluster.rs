//! `cargo run -p kpbuild-tests --bin testcluster`: the cluster of the tests, for work by hand. It prints what to set
//! and runs until Ctrl-C; the watchdog of its programs ends them.

use std::process::ExitCode;

use kpbuild_tests::cluster::{Cluster, Options};
use kpbuild_tests::tools::progress;

fn main() -> ExitCode {
    match Cluster::try_start(&Options::full()) {
        Ok(cluster) => {
            progress(&instructions(&cluster));
            wait_for_the_end(&cluster)
        }
        Err(error) => {
            progress(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn instructions(cluster: &Cluster) -> String {
    let folder = cluster.programs().folder().display();
    format!(
        "the test cluster is ready; prometheus-operator starts when its definitions are there\n\n  \
         export KUBECONFIG={}\n\nlogs: {folder}\nCtrl-C ends it",
        cluster.kubeconfig().display()
    )
}

/// Ctrl-C ends this process, and its programs with it; one that ends by itself is an error.
fn wait_for_the_end(cluster: &Cluster) -> ExitCode {
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
        if let Some((program, status)) = cluster.programs().ended() {
            let log = cluster.programs().last_lines(program, 20);
            progress(&format!(
                "error: {program} ended with {status}; its last lines:\n{log}"
            ));
            return ExitCode::FAILURE;
        }
    }
}
