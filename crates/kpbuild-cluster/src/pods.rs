//! Why the pods of a workload are not ready, in the pods' own words.

use serde_json::Value;

use crate::server::Server;

/// The first trouble of the pods of a workload; nothing if they only need time.
pub(crate) async fn trouble(server: &Server, workload: &Value) -> Option<String> {
    let namespace = workload["metadata"]["namespace"].as_str()?;
    let selector = selector(workload)?;
    let encoded = selector
        .replace('/', "%2F")
        .replace('=', "%3D")
        .replace(',', "%2C");
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={encoded}");
    // This is an explanation: a refusal leaves the reason of the workload itself.
    let pods = server.list(&path).await.ok()?;
    let (pod, problem) = pods.iter().find_map(|pod| Some((pod, problem(pod)?)))?;
    let name = pod["metadata"]["name"].as_str()?;
    let text = format!("pod {name}: {}", problem.text);
    match problem.crashed {
        Some(container) => Some(text + &last_lines(server, namespace, name, &container).await),
        None => Some(text),
    }
}

/// The labels of the pods of a workload, as a selector. The operator notes those
/// of its instances in their status.
fn selector(workload: &Value) -> Option<String> {
    if let Some(selector) = workload["status"]["selector"].as_str() {
        return Some(selector.to_owned());
    }
    let labels = workload["spec"]["selector"]["matchLabels"].as_object()?;
    let pairs: Vec<String> = labels
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
        .collect();
    Some(pairs.join(","))
}

/// What is wrong with a pod, if it says so.
pub(crate) fn words(pod: &Value) -> Option<String> {
    Some(problem(pod)?.text)
}

#[derive(Debug, PartialEq, Eq)]
struct Problem {
    text: String,
    /// The container whose log may say why.
    crashed: Option<String>,
}

fn problem(pod: &Value) -> Option<Problem> {
    let status = &pod["status"];
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let containers = statuses
        .iter()
        .filter_map(|field| status[field].as_array())
        .flatten();
    containers
        .into_iter()
        .find_map(of_container)
        .or_else(|| of_pod(status))
}

fn of_container(container: &Value) -> Option<Problem> {
    let name = container["name"].as_str()?;
    let waiting = &container["state"]["waiting"];
    let reason = waiting["reason"].as_str()?;
    if matches!(reason, "ContainerCreating" | "PodInitializing") {
        return None;
    }
    let message = waiting["message"].as_str().unwrap_or_default();
    let detail = if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    };
    Some(Problem {
        text: format!("container {name} is in {reason}{detail}"),
        crashed: (reason == "CrashLoopBackOff").then(|| name.to_owned()),
    })
}

fn of_pod(status: &Value) -> Option<Problem> {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let scheduled = conditions
        .into_iter()
        .find(|condition| condition["type"] == "PodScheduled")?;
    if scheduled["status"] != "False" {
        return None;
    }
    let message = scheduled["message"].as_str().unwrap_or("no node takes it");
    Some(Problem {
        text: format!("cannot be scheduled: {message}"),
        crashed: None,
    })
}

async fn last_lines(server: &Server, namespace: &str, pod: &str, container: &str) -> String {
    let path = format!(
        "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&previous=true&tailLines=3"
    );
    match server.text(&path).await {
        Ok(log) => log.lines().fold(String::new(), |text, line| {
            format!("{text}\n      {container}: {line}")
        }),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn check(status: Value, expected: Option<(&str, Option<&str>)>) {
        let found = problem(&json!({"status": status}));
        let found = found
            .as_ref()
            .map(|problem| (problem.text.as_str(), problem.crashed.as_deref()));
        assert_eq!(found, expected);
    }

    #[test]
    fn pods_say_what_is_wrong() {
        let container = |reason: &str, message: &str| json!({"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": reason, "message": message}}}]});
        check(
            container("ImagePullBackOff", "no such image"),
            Some(("container web is in ImagePullBackOff (no such image)", None)),
        );
        check(
            container("CrashLoopBackOff", ""),
            Some(("container web is in CrashLoopBackOff", Some("web"))),
        );
        check(container("ContainerCreating", ""), None);
        check(
            json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]}),
            Some(("cannot be scheduled: 0/3 nodes", None)),
        );
        check(json!({}), None);
    }
}
