package marketplace;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.temporal.client.WorkflowClient;
import io.temporal.envconfig.ClientConfigProfile;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@link Purchases} on the command line. Prints one JSON line for each answer. */
public final class Main {
  private static final String USAGE =
      """
      purchase ORDER.json
      status PARTNER_ID SUBSCRIPTION_ID
      cancel PARTNER_ID SUBSCRIPTION_ID""";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);

  private final Purchases purchases;

  private Main(Purchases purchases) {
    this.purchases = purchases;
  }

  public static void main(String[] args) throws IOException {
    // Better a refusal than clear text where somebody meant to encrypt.
    if (isSet("MARKETPLACE_CODEC_KEYS_FILE") || isSet("MARKETPLACE_CODEC_KEYS")) {
      System.err.println("keys are set, and this example cannot encrypt: write a codec after docs/codec.md");
      System.exit(2);
    }
    ClientConfigProfile profile = ClientConfigProfile.load();
    WorkflowServiceStubs service =
        WorkflowServiceStubs.newServiceStubs(profile.toWorkflowServiceStubsOptions());
    int exitCode;
    try {
      var client = WorkflowClient.newInstance(service, profile.toWorkflowClientOptions());
      exitCode = new Main(new Purchases(client)).run(args);
    } catch (PurchaseException failed) {
      print(line("failure", failed.type(), "message", failed.getMessage()));
      exitCode = 1;
    } finally {
      service.shutdown();
    }
    System.exit(exitCode);
  }

  private static boolean isSet(String variable) {
    String value = System.getenv(variable);
    return value != null && !value.isEmpty();
  }

  private int run(String[] args) throws IOException {
    String command = args.length == 0 ? "" : args[0];
    if (command.equals("purchase") && args.length == 2) return purchase(Path.of(args[1]));
    if (command.equals("status") && args.length == 3) {
      return print(purchases.status(new PurchaseIds(args[1], args[2])));
    }
    if (command.equals("cancel") && args.length == 3) {
      var ids = new PurchaseIds(args[1], args[2]);
      return print(purchases.cancel(ids, "asked for by the customer"));
    }
    System.err.println(USAGE);
    return 2;
  }

  private int purchase(Path file) throws IOException {
    JsonNode order = JSON.readTree(file.toFile());
    Placed placed = purchases.purchase(order, "10s");
    // An order that exists may have no number yet.
    if (placed.subscriptionNumber() == null && !placed.phase().startsWith("Provision")) {
      print(line("phase", placed.phase(), "actionRequired", placed.actionRequired()));
      return 3;
    }
    print(Collections.singletonMap("subscriptionNumber", placed.subscriptionNumber()));
    return print(purchases.waitForResult(PurchaseIds.of(order)));
  }

  private static Map<String, String> line(String name, String value, String other, String text) {
    Map<String, String> line = new LinkedHashMap<>();
    line.put(name, value);
    line.put(other, text);
    return line;
  }

  private static int print(Object answer) throws JsonProcessingException {
    OUT.println(JSON.writeValueAsString(answer));
    return 0;
  }
}
