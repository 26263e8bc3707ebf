//! `kpbuild test`: runs the unit tests of a stack's rules, on the rules as they
//! are rendered, with a real promtool.

use anyhow::Context as _;
use kpbuild_core::{Diagnostics, SourceMap};

use crate::cli::{Test, TestFormat};
use crate::exit::Exit;
use crate::files::Files;
use crate::promtool::{Outcome, Promtool, Suite};
use crate::terminal::Terminal;
use crate::{compile, load, rule_tests, test_report};

pub(crate) fn run(arguments: &Test, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let files = Files::default();
    let mut sources = SourceMap::default();
    let file = load::read(&files, &mut sources, &arguments.stack)?;
    let mut diagnostics = Diagnostics::default();
    let suites = suites(arguments, &mut sources, file, &mut diagnostics)?;
    terminal.findings(&diagnostics, &sources);
    let Some(mut suites) = suites else {
        return Ok(Exit::Error);
    };
    if let Some(pattern) = &arguments.run {
        for suite in &mut suites {
            suite.cases.retain(|case| pattern.is_match(&case.name));
        }
        suites.retain(|suite| !suite.cases.is_empty());
        anyhow::ensure!(
            !suites.is_empty(),
            "no test matches `{pattern}`: names are those of the alerts and records"
        );
    }
    let promtool = Promtool::find(arguments.promtool.as_deref())?;
    let outcomes = promtool.run(&suites)?;
    report(arguments.format, &suites, &outcomes, terminal)
}

/// The tests of the stack: those of its mixins and those that the stack file
/// names; nothing if the stack or a test file is wrong.
fn suites(
    arguments: &Test,
    sources: &mut SourceMap,
    file: kpbuild_core::FileId,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Option<Vec<Suite>>> {
    let Ok(stack_file) = compile::parse(
        &Files::default(),
        &arguments.stack,
        file,
        sources,
        diagnostics,
    ) else {
        return Ok(None);
    };
    let files = Files::default();
    let stack = kpbuild_stack::resolve(&stack_file);
    let inputs = compile::inputs(&files, &stack_file, &arguments.stack, sources, diagnostics);
    let Ok(bundle) = kpbuild_render::render(&stack, &inputs, sources, diagnostics) else {
        return Ok(None);
    };
    let Ok(rules) = kpbuild_render::rules(&stack, &inputs, sources, diagnostics) else {
        return Ok(None);
    };
    let mut suites = Vec::new();
    for mixin in &rules {
        for (path, text) in kpbuild_render::mixin_tests(mixin.mixin) {
            let file = sources.add(format!("kpbuild:{path}"), text);
            suites.extend(rule_tests::of_mixin(sources, file, mixin, diagnostics));
        }
    }
    // What users test may depend on any rule of the stack, as it is installed.
    let groups = rule_tests::groups(&bundle);
    let folder = compile::folder_of(&stack_file, &["rules", "tests"], sources);
    for (index, path) in stack_file.shape.rules.tests.iter().enumerate() {
        let path = folder.join(path);
        let file = load::read(&files, sources, &path).with_context(|| {
            format!(
                "`rules.tests[{index}]` of `{}` names it",
                arguments.stack.display()
            )
        })?;
        suites.extend(rule_tests::of_user(sources, file, &groups, diagnostics));
    }
    Ok(diagnostics.reported().is_ok().then_some(suites))
}

fn report(
    format: TestFormat,
    suites: &[Suite],
    outcomes: &[Vec<Outcome>],
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let text = match format {
        TestFormat::Text => test_report::text(suites, outcomes),
        TestFormat::Json => test_report::json(suites, outcomes),
        TestFormat::Junit => test_report::junit(suites, outcomes)?,
    };
    terminal.data(&text)?;
    let failed = outcomes
        .iter()
        .flatten()
        .any(|outcome| matches!(outcome, Outcome::Failed(_)));
    Ok(if failed { Exit::Error } else { Exit::Done })
}
