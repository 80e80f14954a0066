// What `docker compose --env-file ENV-FILE config --format json` prints, by the library that Docker Compose is
// made of: it holds the file against the Compose specification's schema, and its parts against one another.
//
//	go run . ENV-FILE COMPOSE-FILE
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: go run . ENV-FILE COMPOSE-FILE"))
	}
	project, err := load(os.Args[1], os.Args[2])
	if err != nil {
		fail(err)
	}
	text, err := project.MarshalJSON()
	if err != nil {
		fail(err)
	}
	fmt.Println(string(text))
}

func load(envFile, composeFile string) (*types.Project, error) {
	options, err := cli.NewProjectOptions(
		[]string{composeFile},
		cli.WithEnvFiles(envFile),
		cli.WithDotEnv,
		cli.WithDefaultProfiles(),
	)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
