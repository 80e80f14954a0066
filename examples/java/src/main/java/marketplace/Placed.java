package marketplace;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * What {@code orderPlaced} answers.
 *
 * @param phase where the purchase stands
 * @param subscriptionNumber null while there is no order
 * @param actionRequired what a person must do, when one must
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Placed(String phase, String subscriptionNumber, String actionRequired) {}
