//! What patches make of objects, and what is said when they do not fit.

use kpbuild_core::node::read_documents;
use kpbuild_core::{Origin, Style};
use serde_json::json;

use super::*;

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}, finalizers: [a]}
spec:
  template:
    spec:
      tolerations: [{operator: Exists}]
      containers:
      - name: web
        image: web:1
        args: [--one]
        env: [{name: A, value: a}, {name: B, value: b}]
        ports: [{containerPort: 80, name: http}]
      - {name: proxy, image: proxy:1}
";

const SECRET: &str =
    "{apiVersion: v1, kind: Secret, metadata: {name: web}, data: {password: c2VjcmV0}}";

fn object(text: &str) -> Object {
    let value = kpbuild_core::yaml::read(text).expect("the test's text is YAML");
    let origin = Origin {
        component: "test".to_owned(),
        span: None,
    };
    Object::new(value, origin).expect("the test's text is an object")
}

/// The objects after a patch, and what is said about it.
fn patched(objects: &[&str], target: &str, change: &str) -> (Vec<Object>, String) {
    let mut objects: Vec<Object> = objects.iter().map(|text| object(text)).collect();
    let mut sources = SourceMap::default();
    let file = sources.add("patch.yaml", change);
    let change = read_documents(&sources, file)
        .expect("the test's patch is YAML")
        .remove(0);
    let target = kpbuild_core::yaml::read(target).expect("the test's target is YAML");
    let target = serde_json::from_value(target).expect("the test's target is one");
    let span = change.span;
    let mut diagnostics = Diagnostics::default();
    apply(
        &Patch {
            target,
            change,
            span,
        },
        &sources,
        &mut objects,
        &mut diagnostics,
    );
    let said = diagnostics
        .sorted()
        .iter()
        .map(|one| one.render(&sources, Style::Plain))
        .collect::<Vec<_>>();
    (objects, said.join("\n"))
}

/// The pod of the deployment after a patch of it.
#[track_caller]
fn pod(change: &str) -> Value {
    let (objects, said) = patched(
        &[DEPLOYMENT],
        "{kind: Deployment}",
        &format!("spec: {{template: {{spec: {change}}}}}"),
    );
    assert_eq!(said, "");
    objects[0].value()["spec"]["template"]["spec"].clone()
}

#[test]
fn containers_and_their_lists_are_merged_by_their_keys() {
    let change = "{containers: [{name: web, image: 'web:2', env: [{name: B, value: c}, {name: C, value: d}], ports: [{containerPort: 80, hostPort: 8080}]}, {name: new, image: n}]}";
    let containers = &pod(change)["containers"];
    assert_eq!(containers[0]["image"], "web:2");
    assert_eq!(containers[0]["args"], json!(["--one"]));
    assert_eq!(
        containers[0]["env"],
        json!([{"name": "A", "value": "a"}, {"name": "B", "value": "c"}, {"name": "C", "value": "d"}])
    );
    assert_eq!(
        containers[0]["ports"],
        json!([{"containerPort": 80, "name": "http", "hostPort": 8080}])
    );
    assert_eq!(containers[1]["name"], "proxy");
    assert_eq!(containers[2], json!({"name": "new", "image": "n"}));
}

#[test]
fn lists_without_a_key_are_replaced_and_null_removes() {
    let after = pod("{tolerations: [], containers: [{name: web, args: [--two], env: null}]}");
    assert_eq!(after["tolerations"], json!([]));
    assert_eq!(after["containers"][0]["args"], json!(["--two"]));
    assert!(after["containers"][0].get("env").is_none());
}

#[test]
fn directives_delete_and_replace() {
    let after = pod(
        "{containers: [{name: proxy, $patch: delete}, {name: web, env: [{$patch: replace}, {name: Z, value: z}]}]}",
    );
    assert_eq!(after["containers"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        after["containers"][0]["env"],
        json!([{"name": "Z", "value": "z"}])
    );
    let after = pod("{containers: [{name: web, $patch: replace, image: 'web:3'}]}");
    assert_eq!(
        after["containers"][0],
        json!({"name": "web", "image": "web:3"})
    );
    let after = pod("{$retainKeys: [containers]}");
    assert!(after.get("tolerations").is_none() && after.get("containers").is_some());
    let (objects, said) = patched(
        &[DEPLOYMENT, SECRET],
        "{kind: Deployment}",
        "$patch: delete",
    );
    assert_eq!((objects.len(), said.as_str()), (1, ""));
    let (objects, _) = patched(
        &[DEPLOYMENT],
        "{}",
        "metadata: {finalizers: [b], $deleteFromPrimitiveList/finalizers: [a]}",
    );
    assert_eq!(objects[0].value()["metadata"]["finalizers"], json!(["b"]));
}

#[test]
fn operations_are_done_in_their_order() {
    let change = "[{op: test, path: /metadata/labels/app, value: web}, {op: copy, from: /metadata/labels/app, path: /metadata/labels/x~1y}, {op: remove, path: /metadata/labels/app}, {op: add, path: /spec/template/spec/containers/0/args/-, value: null}]";
    let (objects, said) = patched(&[DEPLOYMENT], "{name: w*}", change);
    assert_eq!(said, "");
    let value = objects[0].value();
    assert_eq!(value["metadata"]["labels"], json!({"x/y": "web"}));
    assert_eq!(
        value["spec"]["template"]["spec"]["containers"][0]["args"],
        json!(["--one", null])
    );
    assert!(
        objects[0].origin.span.is_some(),
        "later findings are at the patch"
    );
}

#[test]
fn a_path_that_is_not_there_changes_nothing() {
    let change = "- {op: replace, path: /metadata/labels/app, value: x}\n- {op: replace, path: /spec/template/spec/container/0/image, value: x}\n";
    let (objects, said) = patched(&[DEPLOYMENT], "{}", change);
    assert_eq!(objects[0].value()["metadata"]["labels"]["app"], "web");
    assert!(said.contains("`/spec/template/spec/containers`?"), "{said}");
    assert!(said.contains("patch.yaml:2:"), "{said}");
}

#[test]
fn what_does_not_fit_is_said() {
    let cases = [
        (
            "{containers: [{name: prox, $patch: delete}]}",
            "did you mean `proxy`?",
        ),
        ("{containers: {name: web}}", "is a list, and not a map"),
        ("{containers: [{image: web}]}", "has no `name`"),
        (
            "{$setElementOrder/x: []}",
            "no directive `$setElementOrder/x`",
        ),
        (
            "{tolerations: [{operator: Exists, $patch: delete}]}",
            "have no key",
        ),
        (
            "{containers: [{name: web, $patch: remove}]}",
            "one of `delete`, `merge`, `replace`",
        ),
    ];
    for (change, words) in cases {
        let change = format!("spec: {{template: {{spec: {change}}}}}");
        let (objects, said) = patched(&[DEPLOYMENT], "{kind: Deployment}", &change);
        assert!(said.contains(words), "{change}: {said}");
        assert_eq!(objects[0].value(), object(DEPLOYMENT).value(), "{change}");
    }
}

#[test]
fn an_object_stays_itself() {
    for change in [
        "metadata: {name: other}",
        "metadata: {namespace: other}",
        "apiVersion: extensions/v1beta1",
        "[{op: remove, path: /metadata}]",
    ] {
        let (_, said) = patched(&[DEPLOYMENT], "{kind: Deployment}", change);
        assert!(
            said.starts_with("error[patch-identity]"),
            "{change}: {said}"
        );
    }
    let (objects, said) = patched(&[DEPLOYMENT], "{kind: Deployment}", "apiVersion: apps/v2");
    assert_eq!(
        (objects[0].key().group.as_str(), said.as_str()),
        ("apps", "")
    );
}

#[test]
fn a_target_that_means_nothing_names_the_nearest_object() {
    let said = |target: &str| patched(&[DEPLOYMENT, SECRET], target, "metadata: {}").1;
    assert!(said("{kind: Deployment, name: wbe}").contains("did you mean the name `web`?"));
    assert!(said("{kind: deployment}").contains("did you mean the kind `Deployment`?"));
    let said = said("{kind: Secret, namespace: shop, name: '*'}");
    assert!(!said.contains("patch.yaml\n"), "{said}");
}

#[test]
fn values_of_secrets_are_not_shown() {
    let change = "[{op: replace, path: /data/passwort, value: aGlkZGVu}]";
    let (_, said) = patched(&[SECRET], "{kind: Secret}", change);
    assert!(
        !said.contains("aGlkZGVu") && !said.contains("c2VjcmV0"),
        "{said}"
    );
    assert!(
        said.contains("at patch.yaml:1:22") && said.contains("`/data/password`?"),
        "{said}"
    );
}
