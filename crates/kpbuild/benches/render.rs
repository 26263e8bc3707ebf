//! How long a render and a check take, as a whole process and stage by stage.
//!
//! `cargo bench -p kpbuild` on a quiet machine; compare figures of one run only.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use kpbuild_core::yaml::document;
use kpbuild_core::{Bundle, Diagnostics, SourceMap};
use kpbuild_render::Inputs;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STACK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../stacks/kube-prometheus.yaml"
);

/// The program from start to end, into an empty folder and into one that is
/// already as it should be.
fn process(c: &mut Criterion) {
    let mut group = c.benchmark_group("process");
    let render = |folder: &std::path::Path| {
        let status = Command::new(env!("CARGO_BIN_EXE_kpbuild"))
            .args(["render", STACK, "-o"])
            .arg(folder)
            .stderr(Stdio::null())
            .status()
            .expect("kpbuild was built");
        assert!(status.success());
    };
    // None of the folders is removed before the end: ext4 takes three times as long to
    // make files soon after as many were deleted, while it looks for numbers that were not
    // used lately.
    let folders = tempfile::tempdir().expect("a folder");
    let mut written = 0;
    group.bench_function("all objects written", |b| {
        b.iter(|| {
            written += 1;
            render(&folders.path().join(written.to_string()));
        });
    });
    let folder = tempfile::tempdir().expect("a folder");
    render(folder.path());
    group.bench_function("nothing changed", |b| b.iter(|| render(folder.path())));
    let check = |what: &std::path::Path| {
        let status = Command::new(env!("CARGO_BIN_EXE_kpbuild"))
            .arg("check")
            .arg(what)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("kpbuild was built");
        assert!(status.success(), "the default stack has no errors");
    };
    group.bench_function("check the stack", |b| {
        b.iter(|| check(std::path::Path::new(STACK)));
    });
    group.bench_function("check its manifests", |b| b.iter(|| check(folder.path())));
    group.finish();
}

/// How long a render takes in a thread of its own. The program begins with an interpreter
/// that has no garbage yet and ends without looking for any; a thread that renders over and
/// over spends half of its time on that, and one that ends does so afterwards.
#[expect(clippy::disallowed_methods, reason = "it is measured")]
fn in_a_new_thread(render: &(impl Fn(&Inputs) -> Bundle + Sync)) -> Duration {
    let measured = || {
        let inputs = Inputs::none();
        let begin = Instant::now();
        let bundle = black_box(render(&inputs));
        let taken = begin.elapsed();
        drop((bundle, inputs));
        taken
    };
    thread::scope(|scope| scope.spawn(measured).join().expect("it renders"))
}

/// What the time of the process is spent on.
fn stages(c: &mut Criterion) {
    let mut sources = SourceMap::default();
    let text = std::fs::read_to_string(STACK).expect("the example is there");
    let file = sources.add(STACK, text);
    let parse = || {
        kpbuild_stack::parse(&sources, file, &mut Diagnostics::default())
            .expect("the example is right")
    };
    let parsed = parse();
    let stack = kpbuild_stack::resolve(&parsed);
    let render = |inputs: &Inputs| {
        let mut sources = SourceMap::default();
        kpbuild_render::render(&stack, inputs, &mut sources, &mut Diagnostics::default())
            .expect("the example renders")
    };
    let bundle = render(&Inputs::none());
    let mut group = c.benchmark_group("stages");
    group.bench_function("check", |b| {
        b.iter(|| black_box(kpbuild_check::check(&bundle, &stack.checking, |_| true)));
    });
    group.bench_function("parse", |b| b.iter(|| black_box(parse())));
    group.bench_function("resolve", |b| {
        b.iter(|| black_box(kpbuild_stack::resolve(&parsed)));
    });
    group.bench_function("render", |b| {
        b.iter_custom(|times| (0..times).map(|_| in_a_new_thread(&render)).sum());
    });
    group.bench_function("yaml", |b| {
        b.iter(|| {
            bundle
                .objects()
                .iter()
                .map(|object| black_box(document(object.value())).len())
                .sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, process, stages);
criterion_main!(benches);
