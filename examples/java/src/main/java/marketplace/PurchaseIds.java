package marketplace;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;

/** The two IDs that name a purchase. */
public record PurchaseIds(String tradingPartnerId, String externalSubscriptionId) {
  private static final String LEFT_AS_THEY_ARE =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";

  /**
   * @throws PurchaseException {@code InvalidOrder} when the order lacks one.
   */
  public static PurchaseIds of(JsonNode order) {
    return new PurchaseIds(
        text(order, "tradingPartnerId"), text(order, "externalSubscriptionId"));
  }

  /** The workflow ID, which lets one run at a time act on the order. */
  public String workflowId() {
    return "purchase:" + encoded(tradingPartnerId) + ":" + encoded(externalSubscriptionId);
  }

  /** The trading partner, as far as it fits: Temporal takes 64 bytes. */
  public String fairnessKey() {
    int end = tradingPartnerId.length();
    while (tradingPartnerId.substring(0, end).getBytes(UTF_8).length > 64) {
      end = tradingPartnerId.offsetByCodePoints(end, -1);
    }
    return tradingPartnerId.substring(0, end);
  }

  private static String text(JsonNode order, String name) {
    JsonNode value = order.path(name);
    if (value.isTextual() && !value.textValue().isEmpty()) return value.textValue();
    throw new PurchaseException("InvalidOrder", "the order needs a text " + name, null);
  }

  /** As JavaScript's encodeURIComponent. {@link java.net.URLEncoder} is for forms, and differs. */
  private static String encoded(String part) {
    StringBuilder encoded = new StringBuilder();
    for (byte octet : part.getBytes(UTF_8)) {
      if (LEFT_AS_THEY_ARE.indexOf(octet) >= 0) encoded.append((char) octet);
      else encoded.append(String.format("%%%02X", octet));
    }
    return encoded.toString();
  }
}
