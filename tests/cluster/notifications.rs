//! Templates of notifications: the operator mounts them where the configuration that it generates looks for them.

use kpbuild_core::yaml;
use serde_json::Value;

use super::stack::{SMALL, Stack};

#[test]
fn templates_are_mounted_where_the_configuration_reads_them() {
    let stack = Stack::small("templates");
    let alertmanager = format!(
        "  alertmanager:
    name: {}
    replicas: 1
    templates: {{inline: {{team.tmpl: '{{{{ define \"slack.default.text\" }}}}{{{{ .Status }}}}{{{{ end }}}}'}}}}
",
        stack.name
    );
    stack.write(&SMALL.replace("  alertmanager: {enabled: false}\n", &alertmanager));
    stack.apply(&["--timeout", "5m"]);

    let full_name = format!("alertmanager-{}", stack.name);
    let text = stack.kubectl(&[
        "get",
        "secret",
        &full_name,
        "-o",
        "go-template={{ index .data \"alertmanager.yaml\" | base64decode }}",
    ]);
    let config = yaml::read(&text).expect("it is YAML");
    let read = config["templates"][0].as_str().expect("there is one");
    let folder = read.strip_suffix("/*.tmpl").expect("it is about a folder");

    let workload = stack.cluster.get(&stack.name, "statefulset", &full_name);
    let workload = workload.expect("the operator has made it");
    let pod = &workload["spec"]["template"]["spec"];
    let named = |list: &Value, field: &str, value: &str| {
        let all = list.as_array().into_iter().flatten();
        all.into_iter().find(|one| one[field] == value).cloned()
    };
    let container = named(&pod["containers"], "name", "alertmanager").expect("it is there");
    let mount = named(&container["volumeMounts"], "mountPath", folder);
    let mount = mount.unwrap_or_else(|| panic!("nothing is mounted at {folder}"));
    let volume = mount["name"].as_str().expect("a mount names a volume");
    let volume = named(&pod["volumes"], "name", volume).expect("the volume is there");
    let expected = format!("{full_name}-templates");
    assert_eq!(volume["configMap"]["name"], expected.as_str());
    stack.run(&["delete", "--yes"]).expect(0);
}
