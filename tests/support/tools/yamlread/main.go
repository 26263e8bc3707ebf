// Command yamlread reads and writes YAML the way kubectl does, with sigs.k8s.io/yaml. The tests of our own YAML writer
// and reader keep one of it running. A line of input is one YAML document as a JSON string, the line of output then
// {"value": ...} or {"error": "..."}; or it is {"write": ...}, a value to be written, and the line of output is
// {"value": "..."}, the YAML document. It is deliberately not a converter of files.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

const version = "1.0.0"

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("yamlread", version)
		return
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "yamlread:", err)
		os.Exit(1)
	}
}

func serve() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		reply, err := respond(in.Bytes())
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(reply); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return in.Err()
}

func respond(line []byte) (answer, error) {
	var question struct{ Write json.RawMessage }
	if line[0] == '{' {
		err := json.Unmarshal(line, &question)
		return write(question.Write), err
	}
	var document string
	if err := json.Unmarshal(line, &document); err != nil {
		return answer{}, fmt.Errorf("a line of input is not a JSON string: %w", err)
	}
	return read(document), nil
}

func write(value []byte) answer {
	document, err := yaml.JSONToYAML(value)
	if err != nil {
		return answer{Error: err.Error()}
	}
	text, err := json.Marshal(string(document))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: text}
}

func read(document string) answer {
	value, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}
