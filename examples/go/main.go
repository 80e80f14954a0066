// The program buys, shows and cancels GitLab subscriptions from a command line. See README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/temporal"

	"example.com/marketplace-caller/marketplace"
)

const usage = `usage:
  purchases purchase ORDER.json
  purchases status PARTNER_ID SUBSCRIPTION_ID
  purchases cancel PARTNER_ID SUBSCRIPTION_ID`

func main() {
	err := run(context.Background(), os.Args[1:])
	if err == nil {
		return
	}
	if pending := new(marketplace.PendingError); errors.As(err, &pending) {
		say(pending)
		os.Exit(3)
	}
	if failure, message := failureOf(err); failure != "" {
		say(map[string]string{"failure": failure, "message": message})
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 || (args[0] != "purchase" && len(args) < 3) {
		return errors.New(usage)
	}
	// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, … or a profile of Temporal's configuration file.
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return err
	}
	keys, err := loadKeyRing()
	if err != nil {
		return err
	}
	encryptWith(keys, &options)
	connection, err := client.DialContext(ctx, options)
	if err != nil {
		return err
	}
	defer connection.Close()
	purchases := marketplace.Purchases{Client: connection, Converter: options.DataConverter}

	switch args[0] {
	case "purchase":
		return purchase(ctx, purchases, args[1])
	case "status":
		status, err := purchases.Status(ctx, args[1], args[2])
		return sayUnless(err, status)
	case "cancel":
		answer, err := purchases.Cancel(ctx, args[1], args[2])
		return sayUnless(err, answer)
	default:
		return errors.New(usage)
	}
}

func purchase(ctx context.Context, purchases marketplace.Purchases, file string) error {
	// Kept as it is written, so that it reaches the portal unchanged.
	order, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	number, err := purchases.Purchase(ctx, order, 10*time.Second)
	if err := sayUnless(err, map[string]*string{"subscriptionNumber": number}); err != nil {
		return err
	}
	result, err := purchases.Result(ctx, order)
	return sayUnless(err, result)
}

// failureOf is the name of a failure that is a purchase's, and its message.
func failureOf(err error) (name, message string) {
	var (
		failed     *temporal.ApplicationError
		cancelled  *temporal.CanceledError
		terminated *temporal.TerminatedError
		timedOut   *temporal.TimeoutError
		noWorker   *marketplace.NoWorkerError
		notFound   *serviceerror.NotFound
	)
	switch {
	case errors.As(err, &failed):
		return failed.Type(), failed.Message()
	case errors.As(err, &cancelled):
		return "Cancelled", "the purchase was cancelled"
	case errors.As(err, &terminated), errors.As(err, &timedOut):
		return "Stopped", "the purchase was stopped from outside"
	case errors.As(err, &noWorker):
		return "NoWorker", noWorker.Error()
	case errors.As(err, &notFound):
		return "NotFound", "there is no such purchase, or it has ended"
	default:
		return "", ""
	}
}

func sayUnless(err error, answer any) error {
	if err != nil {
		return err
	}
	return say(answer)
}

func say(answer any) error {
	return json.NewEncoder(os.Stdout).Encode(answer)
}
