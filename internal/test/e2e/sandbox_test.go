package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/fakepeers"
	"orders/internal/test/testworld"
)

// testSandbox fulfils an order in an account with the sandbox, and then runs the acceptance tests
// there.
func testSandbox(t *testing.T, endpoint string) {
	a := startAccount(t, endpoint)
	t.Run("an order is fulfilled", a.testFulfilment)
	t.Run("acceptance", a.testAcceptance)
}

// testFulfilment creates an order with a token of one instance of the sandbox, which another
// instance checks, and leaves the rest to warehouse and delivery.
func (a *account) testFulfilment(t *testing.T) {
	o := fakepeers.NewSampleOrder(a.catalogue, &fakepeers.Payment{})
	issued := request(t, a.issuing, stageEvent("payment-3p", "POST", "/preauth", `{"cardNumber":"4111111111111111","amount":2147483647}`))
	o.PaymentToken = issued.json(t)["paymentToken"].(string)
	user := uuid.NewString()
	created := request(t, a.create, testworld.Post(user, o))
	require.Equal(t, http.StatusCreated, created.StatusCode, created.Body)
	id := created.json(t)["orderId"].(string)

	require.Eventually(t, func() bool { return len(a.published()) == 5 }, time.Minute, 10*time.Millisecond)
	require.ElementsMatch(t, []string{
		"OrderCreated " + id, "PackageCreated " + id, "OrderModified " + id, "DeliveryCompleted " + id, "OrderModified " + id,
	}, a.published())
	read := request(t, a.get, testworld.Get("/orders/{orderId}", user, id))
	require.Equal(t, "FULFILLED", read.json(t)["status"], read.Body)
}

// testAcceptance runs the acceptance tests as a deployer does.
func (a *account) testAcceptance(t *testing.T) {
	user := uuid.NewString()
	token, err := a.tokens.Issue(user)
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), "make", "--directory=../../..", "acceptance", "ENVIRONMENT=sandbox")
	command.Env = append(os.Environ(), "MAKEFLAGS=",
		"AWS_ENDPOINT_URL="+a.url, "AWS_ENDPOINT_URL_DYNAMODB=", "AWS_REGION="+lambdaruntime.Region, "AWS_PROFILE=",
		"AWS_ACCESS_KEY_ID="+lambdaruntime.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+lambdaruntime.SecretAccessKey, "AWS_SESSION_TOKEN=",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"ACCEPTANCE_USER="+user, "ACCEPTANCE_TOKEN="+token, "ACCEPTANCE_PRODUCTS=", "ACCEPTANCE_PEERS=", "ACCEPTANCE_GHOST=")
	output, err := command.CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
	require.Contains(t, string(output), "environment sandbox on AWS")
	require.Contains(t, string(output), "paging through the list of each status")
	require.Contains(t, string(output), "cleaned up: 5 orders deleted from table "+a.TableName)
}
