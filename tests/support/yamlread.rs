//! kubectl's reader and writer of YAML as a running process, for tests that ask it thousands of times. The process is
//! ours (`tools/yamlread/main.go`), the reader and writer is sigs.k8s.io/yaml.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::tools::{self, Tool};

/// A running reader; it ends with its owner.
pub struct Yamlread {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Yamlread {
    /// Starts the reader, after building it when it has to be.
    pub fn start() -> Self {
        let mut process = Command::new(tools::path(Tool::Yamlread))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a tool that was just built starts");
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("stdout is piped"));
        Self {
            process,
            questions,
            answers,
        }
    }

    /// What kubectl understands when it reads this YAML document, or why it refuses it (duplicate keys included).
    pub fn read(&mut self, document: &str) -> Result<Value, String> {
        self.ask(&Value::from(document))
    }

    /// The YAML document that kubectl writes of a value.
    pub fn write(&mut self, value: &Value) -> Result<String, String> {
        let document = self.ask(&serde_json::json!({"write": value}))?;
        Ok(document.as_str().expect("a document is a text").to_owned())
    }

    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        let questions = self
            .questions
            .as_mut()
            .expect("the pipe is open until the reader is dropped");
        writeln!(questions, "{question}").expect("the reader takes questions as long as it runs");
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .expect("the reader answers in UTF-8");
        let mut answer: Value =
            serde_json::from_str(&line).expect("an answer of the reader is a line of JSON");
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["value"].take()),
        }
    }
}

impl Drop for Yamlread {
    fn drop(&mut self) {
        // The end of its input is the end of the process.
        self.questions = None;
        let _ = self.process.wait();
    }
}
