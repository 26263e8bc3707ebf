//! `kpbuild import values.yaml`: what a stack says of the values of kube-prometheus-stack, and what is listed.

use kpbuild_tests::kpbuild;

/// The password that must be nowhere but in the file of secrets.
const PASSWORD: &str = "correct-horse-battery";

const VALUES: &str = include_str!("values.yaml");

#[test]
fn values_become_a_stack_and_a_list_of_what_it_cannot_say() {
    let folder = tempfile::tempdir().expect("a folder for the values");
    let path = folder.path();
    std::fs::write(path.join("values.yaml"), VALUES).expect("there is room");
    let arguments = [
        "import",
        "values.yaml",
        "--name",
        "prod",
        "--namespace",
        "watching",
    ];
    let output = kpbuild::run(path, &arguments);
    let said = String::from_utf8(output.stderr).expect("kpbuild prints UTF-8");
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    let read = |name: &str| std::fs::read_to_string(path.join(name)).expect("the import wrote it");
    let stack = read("stack.yaml");
    insta::assert_snapshot!("values_said", said);
    insta::assert_snapshot!("values_stack", stack);
    assert!(!said.contains(PASSWORD) && !stack.contains(PASSWORD));
    // That of Grafana's administrator is nowhere: a stack has no field for it.
    assert_eq!(read("stack.secrets.yaml").matches(PASSWORD).count(), 2);
    let output = kpbuild::run(path, &["render", "stack.yaml", "-o", "out"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
