// Command yamlread reads YAML the way kubectl does, with sigs.k8s.io/yaml, and says what it read as JSON. The tests of
// our own YAML writer keep one of it running: a line of input is one YAML document as a JSON string, a line of output
// is {"value": ...} or {"error": "..."}. It is deliberately not a converter of files.
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
		var document string
		if err := json.Unmarshal(in.Bytes(), &document); err != nil {
			return fmt.Errorf("a line of input is not a JSON string: %w", err)
		}
		if err := json.NewEncoder(out).Encode(read(document)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return in.Err()
}

func read(document string) answer {
	value, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}
