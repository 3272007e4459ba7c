// Loads compose files as Docker Compose does, by its own library, and prints the project as JSON.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:], cli.WithOsEnv, cli.WithName("agentaudit"))
	if err == nil {
		project, loading := options.LoadProject(context.Background())
		if err = loading; err == nil {
			var told []byte
			if told, err = project.MarshalJSON(); err == nil {
				fmt.Println(string(told))
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
