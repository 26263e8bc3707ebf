//! The arguments of all subcommands: what `--help` says is written here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Compile one typed stack file into everything that kube-prometheus installs,
/// and look after it in the cluster.
#[derive(Debug, Parser)]
#[command(name = "kpbuild", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 error, 2 changes found (diff), 64 wrong usage";

/// Options that every subcommand takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a stack file to start from.
    Init(Init),
    /// Render a stack into Kubernetes manifests.
    Render(Render),
    /// Print the JSON Schema of the stack file, for editors.
    Schema(Schema),
    /// Run the unit tests of a stack's rules, with promtool.
    Test(Test),
}

/// Write a stack file to start from.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild init                        the whole of kube-prometheus, into stack.yaml
  kpbuild init operator -o base.yaml  the operator alone
  kpbuild init --list                 what there is to start from")]
pub(crate) struct Init {
    /// The example to start from.
    #[arg(default_value = "kube-prometheus")]
    pub(crate) example: String,
    /// The file to write; it must not exist yet.
    #[arg(short, long, value_name = "FILE", default_value = "stack.yaml")]
    pub(crate) output: PathBuf,
    /// List the examples instead.
    #[arg(long)]
    pub(crate) list: bool,
}

/// Render a stack into Kubernetes manifests.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild render stack.yaml -o out    one object a file; install with
                                        kubectl create -f out/setup
                                        kubectl create -f out
  kpbuild render stack.yaml | less    one stream, in an order that can be applied

A folder is written as a whole or not at all. What an earlier render wrote and
is no longer rendered is removed; files of others are left alone.")]
pub(crate) struct Render {
    /// The stack file.
    pub(crate) stack: PathBuf,
    /// The folder to write, or - for one stream on stdout.
    #[arg(short, long, value_name = "DIR", default_value = "-")]
    pub(crate) output: PathBuf,
    /// The format of the manifests.
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    pub(crate) format: Format,
    /// Add a kustomization.yaml that lists the manifests.
    #[arg(long)]
    pub(crate) kustomization: bool,
    /// Overwrite manifests in the folder that were changed by hand.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// The format of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// YAML, as kubectl prints it.
    Yaml,
    /// JSON.
    Json,
}

/// Print the JSON Schema of the stack file.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kpbuild schema > stack.schema.json
and as the first line of the stack file:
  # yaml-language-server: $schema=stack.schema.json")]
pub(crate) struct Schema {}

/// Run the unit tests of a stack's rules.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild test stack.yaml                      all tests
  kpbuild test stack.yaml --run Node.*         those of some alerts
  kpbuild test stack.yaml --format junit       for a CI system

The tests that come with kpbuild hold for the rules as it has them: a test whose
rules the stack changes is skipped, and says so. Files of your own, in promtool's
format, are named in the stack file under `rules.tests`; they need no rule_files.")]
pub(crate) struct Test {
    /// The stack file.
    pub(crate) stack: PathBuf,
    /// Run only the tests whose name matches; names hold the alerts and records.
    #[arg(long, value_name = "REGEX")]
    pub(crate) run: Option<regex::Regex>,
    /// The promtool to run, if it is not on the PATH.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) promtool: Option<PathBuf>,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TestFormat,
}

/// How to report tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// What failed, and the counts.
    Text,
    /// Every test, as JSON.
    Json,
    /// Every test, as JUnit XML.
    Junit,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
