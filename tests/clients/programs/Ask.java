// Asks once with Java's own HttpClient; prints the answer's text. Arguments: whole or streaming, address.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Pattern;

public class Ask {
  public static void main(String[] arguments) throws Exception {
    boolean streams = arguments[0].equals("streaming");
    String body = "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":64,\"stream\":" + streams
        + ",\"messages\":[{\"role\":\"user\",\"content\":\"say hi\"}]}";
    HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[1] + "/v1/messages"))
        .header("x-api-key", System.getenv("ANTHROPIC_API_KEY")).header("anthropic-version", "2023-06-01")
        .header("content-type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
    HttpResponse<java.util.stream.Stream<String>> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofLines());
    if (response.statusCode() != 200) throw new Exception("status " + response.statusCode());
    Pattern text = Pattern.compile("\"text\" *: *\"([^\"]+)\"");
    StringBuilder answer = new StringBuilder();
    response.body().forEach(line -> text.matcher(line).results().forEach(found -> answer.append(found.group(1))));
    System.out.println(answer);
  }
}
