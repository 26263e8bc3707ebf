//! The arguments of all subcommands: what `--help` says is written here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kpbuild_cluster::Pattern;

use crate::reach::Interface;
use crate::time_words::{Moment, length, moment};
use crate::version;

/// Compile one typed stack file into everything that kube-prometheus installs,
/// and look after it in the cluster.
#[derive(Debug, Parser)]
#[command(name = "kpbuild", version = version::SHORT, long_version = version::LONG, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
From nothing to an answer:
  kpbuild init                      a stack file, of a few answers
  kpbuild check stack.yaml          what is wrong with it, without a cluster
  kpbuild apply stack.yaml          the plan, a question, and the installation
  kpbuild status stack.yaml         whether all is healthy
  kpbuild query stack.yaml up       a question to Prometheus
  kpbuild forward                   the pages, on this machine

Exit codes: 0 done, 1 error, 2 changes found (diff), 64 wrong usage";

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
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a cluster what a stack says.
    Apply(Apply),
    /// Say what is wrong with stacks or with manifests, without a cluster.
    Check(Check),
    /// Say what a change does to all stacks: render, check, test, compare.
    Ci(Ci),
    /// Print what a shell needs to complete the command line.
    Completions(Completions),
    /// Take a stack away from its cluster again.
    Delete(Delete),
    /// Show what applying a stack would change, and what that means.
    Diff(Diff),
    /// Explain a finding, a target, a rule, or a field of the stack file.
    Explain(Explain),
    /// Open the web interfaces of an installed stack on this machine.
    Forward(Forward),
    /// Print the password of Grafana's administrator.
    GrafanaPassword(GrafanaPassword),
    /// Make a stack file of manifests or Helm values that are there already.
    Import(Import),
    /// Write a stack file to start from.
    Init(Init),
    /// Write manual pages.
    #[command(hide = true)]
    Man(Man),
    /// Bring mixins of others into vendor/, and keep them at a version.
    Mixin(Mixin),
    /// Ask the Prometheus of an installed stack a question.
    Query(Query),
    /// Render stacks into Kubernetes manifests.
    Render(Render),
    /// Print the JSON Schema of the stack file, for editors.
    Schema(Schema),
    /// Say whether an installed stack is healthy.
    Status(Status),
    /// Run the unit tests of a stack's rules, with promtool.
    Test(Test),
}

/// Make a stack file of manifests or Helm values that are there already.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild import manifests/                     a stack file of a kube-prometheus folder
  kpbuild import manifests/ -o prod.yaml --name prod
  kpbuild import manifests/ --diff              and what it renders otherwise
  kpbuild import values.yaml                    of the chart kube-prometheus-stack

What the manifests say is first looked for in the fields of a stack, each proved
by rendering it; what no field says becomes a patch. What cannot be said at all is
listed. Values of Secrets go into files of their own, which only you can read.")]
pub(crate) struct Import {
    /// The folder with the manifests; those below it are read too. Or a file of
    /// values for the Helm chart kube-prometheus-stack.
    #[arg(value_name = "DIR|VALUES")]
    pub(crate) what: PathBuf,
    /// The stack file to write; it must not exist yet. Files that it names are
    /// written beside it.
    #[arg(short, long, value_name = "FILE", default_value = "stack.yaml")]
    pub(crate) output: PathBuf,
    /// The name of the stack; by default that of the folder.
    #[arg(long, value_name = "NAME", value_parser = label)]
    pub(crate) name: Option<String>,
    /// The namespace of manifests that do not say theirs, and of a Helm release.
    #[arg(long, value_name = "NAME", value_parser = label)]
    pub(crate) namespace: Option<String>,
    /// Show what the stack renders otherwise than it was given, as `kpbuild diff`
    /// does.
    #[arg(long)]
    pub(crate) diff: bool,
}

/// Write a stack file to start from.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild init                        asks a few questions on a terminal, else as
                                        the next
  kpbuild init kube-prometheus        the whole of kube-prometheus, into stack.yaml
  kpbuild init operator -o base.yaml  the operator alone
  kpbuild init --list                 what there is to start from")]
pub(crate) struct Init {
    /// The example to start from; without it a few questions are asked on a
    /// terminal, and elsewhere it is kube-prometheus.
    pub(crate) example: Option<String>,
    /// The file to write; it must not exist yet.
    #[arg(short, long, value_name = "FILE", default_value = "stack.yaml")]
    pub(crate) output: PathBuf,
    /// List the examples instead.
    #[arg(long)]
    pub(crate) list: bool,
}

/// Render stacks into Kubernetes manifests.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild render stack.yaml -o out    one object a file; install with
                                        kubectl create -f out/setup
                                        kubectl create -f out
  kpbuild render stack.yaml | less    one stream, in an order that can be applied
  kpbuild render stacks/ -o out       all stacks below a folder, each into out/NAME
  kpbuild render stack.yaml --format chart -o chart
                                      a Helm chart; install with
                                        helm install monitoring chart

A folder is written as a whole or not at all. What an earlier render wrote and
is no longer rendered is removed; files of others are left alone.")]
pub(crate) struct Render {
    /// The stack file; several, and folders of them, are rendered each into a
    /// folder of its name.
    #[arg(required = true, value_name = "STACK")]
    pub(crate) stacks: Vec<PathBuf>,
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
    /// A Helm chart, with values for what differs between clusters.
    Chart,
}

/// Bring mixins of others into vendor/.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild mixin add github.com/grafana/loki/production/loki-mixin@main
  kpbuild mixin add git@git.example.com:team/shop.git/mixin@v1.2
  kpbuild mixin update                  all, to the newest commit of their version
  kpbuild mixin update loki-mixin       one
  kpbuild mixin vendor                  what jsonnetfile.lock.json says, in a CI system

Reads and writes jsonnetfile.json and jsonnetfile.lock.json as jsonnet-bundler
(jb) does. git fetches; what was fetched once is kept in ~/.cache/kpbuild and
needs no network again. Checksums are those of the lock file, or it is an error.")]
pub(crate) struct Mixin {
    #[command(subcommand)]
    pub(crate) command: MixinCommand,
    /// The folder of jsonnetfile.json and vendor/, which is that of the stack file.
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
}

/// What can be done with mixins of others.
#[derive(Debug, Subcommand)]
pub(crate) enum MixinCommand {
    /// Add packages, or move those that are there to another version.
    Add {
        /// HOST/OWNER/REPOSITORY/FOLDER@VERSION, git@HOST:OWNER/REPOSITORY.git/FOLDER@VERSION,
        /// or a folder beside jsonnetfile.json; without a version, the repository's main branch.
        #[arg(required = true, value_name = "PACKAGE")]
        packages: Vec<String>,
    },
    /// Move packages to the newest commit of their version.
    Update {
        /// The packages, by their name or its last part; all, if none is named.
        #[arg(value_name = "PACKAGE")]
        packages: Vec<String>,
    },
    /// Install what jsonnetfile.lock.json says.
    Vendor,
}

/// Print the JSON Schema of the stack file.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kpbuild schema > stack.schema.json
and as the first line of the stack file:
  # yaml-language-server: $schema=stack.schema.json")]
pub(crate) struct Schema {}

/// Say what is wrong with stacks or with manifests, without a cluster.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild check stack.yaml                     everything
  kpbuild check stacks/ --deny warnings        all stacks of a folder, in a CI system
  kpbuild check stack.yaml --only monitor-port --only unknown-metric
  kpbuild check manifests/                     what something else rendered
  helm template . | kpbuild check - --namespace monitoring

What a stack renders to is looked at as a whole: whether monitors find Services
with the port that they scrape, policies and permissions let Prometheus through,
rules read metrics that are scraped, alerts reach a receiver, and objects are
such as Kubernetes takes. `kpbuild explain CODE` says more about a finding; the
section `check` of the stack file accepts findings, and says what others install.")]
pub(crate) struct Check {
    /// The stack file, several, or folders of them; or a folder or file of
    /// manifests; or - for either on stdin.
    #[arg(required = true, value_name = "STACK|DIR|-")]
    pub(crate) what: Vec<PathBuf>,
    /// The namespace of manifests that do not say theirs.
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// The version of Kubernetes, such as 1.34, instead of the stack's own.
    #[arg(long, value_name = "VERSION", value_parser = kubernetes_version)]
    pub(crate) kubernetes: Option<String>,
    /// What makes the run fail besides errors.
    #[arg(long, value_name = "WHAT")]
    pub(crate) deny: Option<Deny>,
    /// Show only findings of a code; may be given several times.
    #[arg(long, value_name = "CODE")]
    pub(crate) only: Vec<String>,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: CheckFormat,
}

/// What makes a run of checks fail besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Warnings.
    Warnings,
}

/// How to report findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// With the lines of the stack file.
    Text,
    /// As JSON.
    Json,
    /// As SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// As JUnit's XML, for the test reports of CI systems.
    Junit,
    /// As annotations of GitHub's workflows.
    Github,
}

/// Explain a finding, a target, a rule, or a field of the stack file.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Explain something else",
    after_help = "\
Examples:
  kpbuild explain                                   all codes of findings
  kpbuild explain monitor-port                      what a finding means
  kpbuild explain target grafana stack.yaml         why it is (not) scraped
  kpbuild explain rule KubePodCrashLooping stack.yaml
  kpbuild explain field components.prometheus.retention"
)]
pub(crate) struct Explain {
    /// The code, as it stands in brackets in a finding; all codes without it.
    pub(crate) code: Option<String>,
    #[command(subcommand)]
    pub(crate) what: Option<ExplainWhat>,
}

/// What can be explained besides findings.
#[derive(Debug, Subcommand)]
pub(crate) enum ExplainWhat {
    /// The way from Prometheus to a target, with the first link that is broken.
    Target(ExplainNamed),
    /// What a rule reads, who uses it, and where its alert is sent.
    Rule(ExplainNamed),
    /// The documentation of a field of the stack file.
    Field(ExplainField),
}

/// Something that has a name in a stack.
#[derive(Debug, Args)]
pub(crate) struct ExplainNamed {
    /// A monitor, job, Service or component; or an alert or record.
    pub(crate) name: String,
    /// The stack file; or a folder or file of manifests; or - for either on stdin.
    #[arg(value_name = "STACK|DIR|-", default_value = "stack.yaml")]
    pub(crate) what: PathBuf,
    /// The same, by name.
    #[arg(long, value_name = "STACK|DIR|-", conflicts_with = "what")]
    pub(crate) stack: Option<PathBuf>,
    /// The namespace of manifests that do not say theirs.
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
}

/// A field of the stack file.
#[derive(Debug, Args)]
pub(crate) struct ExplainField {
    /// Its path, such as `components.prometheus.storage`; the whole file without it.
    #[arg(default_value = "")]
    pub(crate) path: String,
}

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

/// Which cluster, and how it is asked.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The kubeconfig to use; without it those in KUBECONFIG, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context to use; without it the current one.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// How many requests may be under way at once.
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = at_least_one)]
    pub(crate) concurrency: usize,
}

/// What may be taken from others or deleted.
#[derive(Debug, Args)]
pub(crate) struct Taking {
    /// Take over the objects and fields of this field manager, such as
    /// kubectl-client-side-apply or helm. What it had set and the stack does not
    /// say goes.
    #[arg(long, value_name = "MANAGER")]
    pub(crate) take_from: Vec<String>,
    /// Delete these objects and make them anew where a field that changes cannot.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) allow_replace: Vec<Pattern>,
    /// Remove these objects although data goes with them.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) delete_data: Vec<Pattern>,
}

/// How long a run waits.
#[derive(Debug, Args)]
pub(crate) struct Waiting {
    /// How long the objects of one phase may take to become ready, such as 90s or 10m.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// Do not wait for anything to become ready.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// How a run is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// Lines on stderr.
    Text,
    /// An event a line on stdout, as JSON.
    Json,
}

/// The format of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For the comment of a pull request.
    Markdown,
}

/// Show what applying a stack would change, and what that means.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild diff stack.yaml                            every field and line that would change
  kpbuild diff stack.yaml --summary                  only objects, and what it means
  kpbuild diff stack.yaml --target 'Deployment/*'    some objects
  kpbuild diff stacks/*.yaml --base origin/main      what this branch changes, without
                                                     a cluster
Nothing is written. The exit code is 2 when there are changes.")]
pub(crate) struct Diff {
    /// The stack files; without --base or --against one, as it goes to one cluster.
    #[arg(required = true, value_name = "STACK")]
    pub(crate) stacks: Vec<PathBuf>,
    /// Compare with this git revision instead of a cluster: with the commit at
    /// which the branch that is checked out left it.
    #[arg(long, value_name = "REVISION", conflicts_with = "against")]
    pub(crate) base: Option<String>,
    /// Compare with the stacks of the same paths below this folder, instead of
    /// those below the current one.
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Only objects of this pattern; `!` in front leaves them out.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) target: Vec<Pattern>,
    #[command(flatten)]
    pub(crate) taking: Taking,
    /// The format of the output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: PlanFormat,
    /// Show no fields and lines.
    #[arg(long)]
    pub(crate) summary: bool,
    /// Show the whole text of objects that come and go.
    #[arg(long)]
    pub(crate) full: bool,
    /// How many lines to show around those that differ.
    #[arg(long = "context-lines", value_name = "NUMBER", default_value = "3")]
    pub(crate) around: usize,
    /// Exit with 0 although there are changes.
    #[arg(long)]
    pub(crate) exit_zero: bool,
}

/// Say what a change does to all stacks: render, check, test, compare.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild ci --base origin/main                      all stacks below stacks/
  kpbuild ci stacks/ --base origin/main --format github --report comment=comment.md \\
    --report html=report.html --report sarif=report.sarif
  kpbuild ci --base origin/main --prometheus http://localhost:9090 --since 7d

No cluster is asked. Results are kept outside of the checkout and used again as
long as nothing that they were made from changes.
Exit codes: 0 nothing to fail on, 1 errors (or what else --fail-on says), 2 changes
with --fail-on changes.")]
pub(crate) struct Ci {
    /// Stack files and folders of them; without any `stacks/`, or else all below
    /// the current folder.
    #[arg(value_name = "STACKS")]
    pub(crate) stacks: Vec<PathBuf>,
    /// The git revision to compare with: the commit at which the branch that is
    /// checked out left it.
    #[arg(
        long,
        value_name = "REVISION",
        conflicts_with = "against",
        required_unless_present = "against"
    )]
    pub(crate) base: Option<String>,
    /// Compare with the stacks of the same paths below this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Option<PathBuf>,
    /// What makes the run fail; may be given several times.
    #[arg(long, value_name = "WHAT", default_value = "errors")]
    pub(crate) fail_on: Vec<FailOn>,
    /// The format of stdout.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: CiFormat,
    /// Write a report into a file as well; may be given several times. The formats
    /// are those of --format.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file)]
    pub(crate) report: Vec<(CiFormat, PathBuf)>,
    /// Where the full report will be found, for the end of a comment that is cut.
    #[arg(long, value_name = "URL")]
    pub(crate) report_url: Option<String>,
    /// How many stacks are worked on at once; without it, one a processor.
    #[arg(long, short, value_name = "NUMBER")]
    pub(crate) jobs: Option<std::num::NonZero<usize>>,
    /// Where results are kept; without it kpbuild/ci in the user's cache folder.
    #[arg(long, value_name = "DIR", env = "KPBUILD_CACHE")]
    pub(crate) cache: Option<PathBuf>,
    /// Keep no results and use none.
    #[arg(long, conflicts_with = "cache")]
    pub(crate) no_cache: bool,
    /// The promtool to run the stacks' rule tests with, if it is not on the PATH.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) promtool: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backtest: Backtest,
}

/// Trying changed alerts on what a Prometheus has recorded.
#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// A Prometheus on which changed alerts are tried, before and after. User and
    /// password may be part of the address.
    #[arg(
        long,
        value_name = "URL",
        env = "KPBUILD_PROMETHEUS",
        hide_env_values = true
    )]
    pub(crate) prometheus: Option<String>,
    /// How far back alerts are tried, such as 12h, 7d or 4w.
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = days)]
    pub(crate) since: Duration,
    /// Until when alerts are tried, in seconds since 1970; without it until now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<u32>,
    /// A token that the Prometheus asks for.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "KPBUILD_PROMETHEUS_TOKEN",
        hide_env_values = true
    )]
    pub(crate) prometheus_token: Option<String>,
}

/// What makes a run of `ci` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Stacks that cannot be rendered, errors, failed tests.
    Errors,
    /// The same, and warnings.
    Warnings,
    /// Changes, with exit code 2 where there are no errors.
    Changes,
    /// Nothing.
    Never,
}

/// A format of the report of `ci`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiFormat {
    /// For people at a terminal or in a log.
    Text,
    /// Everything, in Markdown.
    Markdown,
    /// Markdown cut to the size of a comment, with the marker by which it is found.
    Comment,
    /// Everything, for programs.
    Json,
    /// The findings, for code scanning.
    Sarif,
    /// Stacks, findings and rule tests, as JUnit XML.
    Junit,
    /// The findings, as annotations of GitHub's workflows.
    Github,
    /// Everything, as one page that needs no network.
    Html,
}

/// Make a cluster what a stack says.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild apply stack.yaml                     show the plan, ask, apply, wait
  kpbuild apply stack.yaml --yes               the same without asking, for CI
  kpbuild apply stack.yaml --yes --verify      and fail unless all becomes healthy
  kpbuild apply stack.yaml --take-from helm    take over what Helm has installed

It can be stopped and repeated at any time: the next run goes on from there.")]
pub(crate) struct Apply {
    /// The stack file.
    pub(crate) stack: PathBuf,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Only objects of this pattern; `!` in front leaves them out.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) target: Vec<Pattern>,
    #[command(flatten)]
    pub(crate) taking: Taking,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    /// Look afterwards whether all is healthy, as `kpbuild status` does, and wait
    /// for it as long as for a phase.
    #[arg(long, conflicts_with = "target")]
    pub(crate) verify: bool,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: RunFormat,
}

/// Take a stack away from its cluster again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild delete stack.yaml                                      all but what holds data
  kpbuild delete stack.yaml --delete-data 'PersistentVolumeClaim/*' --delete-data Namespace/monitoring

Only what apply has made is deleted. Namespaces, definitions and volume claims
stay unless they are named.")]
pub(crate) struct Delete {
    /// The stack file.
    pub(crate) stack: PathBuf,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Delete these objects although data goes with them.
    #[arg(long = "delete-data", value_name = "KIND/NAME")]
    pub(crate) with_data: Vec<Pattern>,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: RunFormat,
}

/// Takes a version of Kubernetes.
fn label(text: &str) -> Result<String, String> {
    kpbuild_stack::format::named("dns-label")
        .expect("the format is in the table")
        .check(text)
        .map(|()| text.to_owned())
}

fn kubernetes_version(text: &str) -> Result<String, String> {
    kpbuild_stack::format::named("kubernetes-version")
        .expect("the format is in the table")
        .check(text)
        .map(|()| text.to_owned())
}

/// Open the web interfaces of an installed stack on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild forward                                   all that stack.yaml installs
  kpbuild forward prod.yaml grafana --open          one, in the browser
  kpbuild forward --port prometheus=19090 --port grafana=0
  kpbuild forward --address localhost,192.168.100.90

Connections go through the API server, with the rights of your kubeconfig
(`get` on services, `list` on pods, `create` on pods/portforward). They wait for
a ready pod and follow it when it is replaced. Ctrl-C closes all.")]
pub(crate) struct Forward {
    /// The stack file (stack.yaml without one), and which of prometheus,
    /// alertmanager, grafana and pyrra (all without one).
    #[arg(value_name = "STACK | NAME")]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The addresses to listen on. One that is not loopback lets others in.
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "localhost"
    )]
    pub(crate) address: Vec<String>,
    /// Another port than that of the Service; 0 is one that is free.
    #[arg(long, value_name = "NAME=NUMBER", value_parser = port_of)]
    pub(crate) port: Vec<(Interface, u16)>,
    /// Show the pages in the browser.
    #[arg(long)]
    pub(crate) open: bool,
}

/// Ask the Prometheus of an installed stack a question.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild query stack.yaml up
  kpbuild query stack.yaml 'rate(node_cpu_seconds_total{mode=\"system\"}[1m])'
  kpbuild query stack.yaml 'sum by (job) (up)' --since 6h
  kpbuild query stack.yaml up --at 2026-11-26T18:00:00Z --format csv

Single quotes keep the shell from reading the expression. It is looked through
before anything is sent. Prometheus is asked through the API server, as by
`kpbuild forward`; no port needs to be open.")]
pub(crate) struct Query {
    /// The stack file.
    pub(crate) stack: PathBuf,
    /// What to ask, in PromQL.
    pub(crate) expression: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Draw how it went for so long, such as 30m or 6h, up to now or --at.
    #[arg(long, value_name = "DURATION", value_parser = length)]
    pub(crate) since: Option<Duration>,
    /// The time between two points; by default one for each column of the chart.
    #[arg(long, value_name = "DURATION", value_parser = length, requires = "since")]
    pub(crate) step: Option<Duration>,
    /// Ask about a moment: a time, seconds since 1970, or 2h for two hours ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) at: Option<Moment>,
    /// How to print the answer.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: QueryFormat,
}

/// How to print the answer of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// For people: a table, or a chart of a time.
    Table,
    /// The data as Prometheus gives it.
    Json,
    /// A line a sample.
    Csv,
}

/// Say whether an installed stack is healthy.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild status stack.yaml                 one screen; exit code 1 with problems
  kpbuild status stack.yaml --watch         drawn anew each 5 s, until Ctrl-C
  kpbuild status stack.yaml --format json   for a program

Healthy means: everything is rolled out, every monitor finds targets and every
target is up, every rule of the stack is loaded and evaluated, every replica of
Alertmanager answers and is in its cluster, and Grafana's data sources are
there. Alerts that fire and drift are told, and are no problems by themselves.")]
pub(crate) struct Status {
    /// The stack file.
    pub(crate) stack: PathBuf,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Look again and again.
    #[arg(long)]
    pub(crate) watch: bool,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: StatusFormat,
}

/// How to report a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people.
    Text,
    /// All of it, as JSON; a line a look.
    Json,
}

/// Print the password of Grafana's administrator.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kpbuild grafana-password stack.yaml

The password is that of the Secret which the stack names as
components.grafana.admin; with `generate: true` apply has made it. Grafana reads
it when its database is new: a password that was changed in Grafana is kept
there if Grafana has a volume.")]
pub(crate) struct GrafanaPassword {
    /// The stack file.
    pub(crate) stack: PathBuf,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Print what a shell needs to complete the command line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kpbuild completions bash > ~/.local/share/bash-completion/completions/kpbuild
  kpbuild completions zsh > ~/.zfunc/_kpbuild
  kpbuild completions fish > ~/.config/fish/completions/kpbuild.fish")]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// Write manual pages.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kpbuild man /usr/local/share/man/man1")]
pub(crate) struct Man {
    /// The folder to write them into.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// `prometheus=19090`.
fn port_of(text: &str) -> Result<(Interface, u16), String> {
    let wrong = || "expected a name and a port, such as `prometheus=19090`".to_owned();
    let (name, port) = text.split_once('=').ok_or_else(wrong)?;
    let interface = Interface::of_name(name).ok_or_else(|| {
        format!("`{name}` is not one of `prometheus`, `alertmanager`, `grafana`, `pyrra`")
    })?;
    let port = port
        .parse()
        .map_err(|_| format!("`{port}` is no port: those go from 0 to 65535"))?;
    Ok((interface, port))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("expected a number from 1".to_owned()),
    }
}

/// `FORMAT=FILE`.
fn report_file(text: &str) -> Result<(CiFormat, PathBuf), String> {
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("expected FORMAT=FILE, such as `html=report.html`")?;
    let format = <CiFormat as ValueEnum>::from_str(format, false).map_err(|_| {
        let known = CiFormat::value_variants().iter();
        let known =
            known.filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()));
        format!(
            "there is no format `{format}`; there are {}",
            known.collect::<Vec<_>>().join(", ")
        )
    })?;
    Ok((format, PathBuf::from(file)))
}

/// `12h`, `7d`, `4w`.
fn days(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number with `m`, `h`, `d` or `w`, such as `7d`".to_owned();
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return Err(wrong()),
    };
    match number.parse::<u32>() {
        Ok(number) if number > 0 => Ok(Duration::from_secs(u64::from(number) * minutes * 60)),
        _ => Err(wrong()),
    }
}

/// `90s`, `10m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number with `s`, `m` or `h`, such as `90s`".to_owned();
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
