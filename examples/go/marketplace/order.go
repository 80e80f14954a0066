package marketplace

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// WorkflowID is a purchase's name, and the lock that keeps its order single.
func WorkflowID(partnerID, subscriptionID string) string {
	return "purchase:" + encodeURIComponent(partnerID) + ":" + encodeURIComponent(subscriptionID)
}

// What JavaScript's encodeURIComponent does otherwise than url.QueryEscape.
var asJavaScript = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

func encodeURIComponent(text string) string {
	return asJavaScript.Replace(url.QueryEscape(text))
}

func workflowIDOf(order json.RawMessage) (string, error) {
	var ids struct {
		TradingPartnerID       string `json:"tradingPartnerId"`
		ExternalSubscriptionID string `json:"externalSubscriptionId"`
	}
	err := json.Unmarshal(order, &ids)
	if err != nil || ids.TradingPartnerID == "" || ids.ExternalSubscriptionID == "" {
		const message = "an order needs a tradingPartnerId and an externalSubscriptionId"
		return "", temporal.NewNonRetryableApplicationError(message, "InvalidOrder", err)
	}
	return WorkflowID(ids.TradingPartnerID, ids.ExternalSubscriptionID), nil
}

// fairnessKey is the trading partner, as far as it fits: Temporal takes 64 bytes.
func fairnessKey(order json.RawMessage) string {
	var ids struct {
		TradingPartnerID string `json:"tradingPartnerId"`
	}
	if err := json.Unmarshal(order, &ids); err != nil {
		return ""
	}
	key := ids.TradingPartnerID
	for len(key) > 64 {
		_, size := utf8.DecodeLastRuneInString(key)
		key = key[:len(key)-size]
	}
	return key
}

func sameJSON(one, other json.RawMessage) bool {
	var a, b any
	return json.Unmarshal(one, &a) == nil && json.Unmarshal(other, &b) == nil && reflect.DeepEqual(a, b)
}

// orderOf is what a run bought: the order it was started with, or that amendOrder replaced it by.
func (p Purchases) orderOf(ctx context.Context, run workflow.Execution) (json.RawMessage, error) {
	var order json.RawMessage
	amendments := map[string]*commonpb.Payloads{}
	events := p.Client.GetWorkflowHistory(ctx, run.ID, run.RunID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			var input struct {
				Order json.RawMessage `json:"order"`
			}
			if err := p.Converter.FromPayloads(started.GetInput(), &input); err != nil {
				return nil, err
			}
			order = input.Order
		}
		request := event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest()
		if request.GetInput().GetName() == "amendOrder" {
			amendments[request.GetMeta().GetUpdateId()] = request.GetInput().GetArgs()
		}
		update := event.GetWorkflowExecutionUpdateCompletedEventAttributes()
		amendment := amendments[update.GetMeta().GetUpdateId()]
		if amendment != nil && update.GetOutcome().GetSuccess() != nil {
			if err := p.Converter.FromPayloads(amendment, &order); err != nil {
				return nil, err
			}
		}
	}
	return order, nil
}
