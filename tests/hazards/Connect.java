// Java's two ways to connect: a blocking socket, and a non-blocking channel. Args: port.
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

public class Connect {
  static final byte[] HELLO = "12345678".getBytes();

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.getOutputStream().write(HELLO);
      InputStream in = socket.getInputStream();
      boolean same = socket.getRemoteSocketAddress().equals(new InetSocketAddress("127.0.0.1", port));
      System.out.println("blocking " + socket.getInetAddress().getHostAddress() + " " + same + " " + new String(in.readNBytes(8)));
    }
    try (SocketChannel channel = SocketChannel.open(); Selector selector = Selector.open()) {
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_CONNECT);
      if (!channel.connect(new InetSocketAddress("127.0.0.1", port))) {
        selector.select(20000);
        channel.finishConnect();
      }
      boolean same = channel.getRemoteAddress().equals(new InetSocketAddress("127.0.0.1", port));
      ByteBuffer back = ByteBuffer.allocate(8);
      channel.write(ByteBuffer.wrap(HELLO));
      channel.keyFor(selector).interestOps(SelectionKey.OP_READ);
      while (back.hasRemaining() && selector.select(20000) > 0) {
        selector.selectedKeys().clear();
        channel.read(back);
      }
      System.out.println("channel " + same + " " + new String(back.array()));
      channel.shutdownOutput();
      selector.select(20000);
      System.out.println("half closed " + channel.read(ByteBuffer.allocate(1)));
    }
  }
}
