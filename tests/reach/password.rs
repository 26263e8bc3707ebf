//! The password that apply makes once.

use super::installed::Installed;

#[test]
fn a_password_is_made_once_and_printed_by_one_command() {
    let installed = Installed::shared();
    let (code, password, err) = installed.run(&["grafana-password", "stack.yaml"]);
    assert_eq!(code, Some(0), "{err}");
    let password = password.trim();
    assert_eq!(password.len(), 32, "{password}");
    let secret = installed.kubectl(&[
        "get",
        "secret",
        "grafana-admin",
        "-o",
        "jsonpath={.metadata.uid}",
    ]);

    let (code, out, err) = installed.run(&["apply", "stack.yaml", "--yes", "--no-wait"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        !out.contains(password) && !err.contains(password),
        "{out}{err}"
    );
    let again = installed.kubectl(&[
        "get",
        "secret",
        "grafana-admin",
        "-o",
        "jsonpath={.metadata.uid}",
    ]);
    assert_eq!(again, secret, "it is neither made anew nor removed");
    let (_, diff, _) = installed.run(&["diff", "stack.yaml"]);
    let rendered = kpbuild_tests::kpbuild::run(installed.folder.path(), &["render", "stack.yaml"]);
    let rendered = String::from_utf8_lossy(&rendered.stdout).into_owned();
    assert!(!diff.contains(password) && !rendered.contains(password));
    assert!(rendered.contains("GF_SECURITY_ADMIN_PASSWORD"));
    let nobody = "kind: Stack\nname: reach\nnamespace: watching\n";
    std::fs::write(installed.folder.path().join("default.yaml"), nobody)
        .expect("the folder is ours");
    let (code, out, err) = installed.run(&["grafana-password", "default.yaml"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("`admin` with the password `admin`"), "{err}");
}
