import java.net.HttpURLConnection;
import java.net.URI;

/** Asks the server in this container whether it is well. */
public class HealthCheck {

    public static void main(String[] arguments) throws Exception {
        var address = URI.create("http://127.0.0.1:8080/health").toURL();
        var connection = (HttpURLConnection) address.openConnection();
        connection.setConnectTimeout(2000);
        connection.setReadTimeout(2000);
        System.exit(connection.getResponseCode() == 200 ? 0 : 1);
    }
}
