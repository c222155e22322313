// The Kafka Streams peer: the same raw topic counted by minute and (port, Mirai-type), and by minute and (region,
// Mirai-type), in the DSL as its documentation teaches it. Prints a line of JSON when it has counted every packet.
import com.maxmind.db.CHMCache;
import com.maxmind.db.MaxMindDbConstructor;
import com.maxmind.db.MaxMindDbParameter;
import com.maxmind.db.Reader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

public final class TelescopeCounts {
  /** What one packet is counted by. */
  record Packet(int protocol, int port, boolean isMirai, String region) {}

  /** The part of the country database's entries that is used. */
  public static final class Country {
    final String code;

    @MaxMindDbConstructor
    public Country(@MaxMindDbParameter(name = "country_code") String code) {
      this.code = code;
    }
  }

  private static final int PCAP_HEADER_BYTES = 24;
  private static final int RECORD_HEADER_BYTES = 16;
  private static final int CONFLUENT_HEADER_BYTES = 5;

  public static void main(String[] args) throws Exception {
    final String brokers = args[0];
    final String topic = args[1];
    final String guarantee = args[2];
    final long packets = Long.parseLong(args[3]);
    final Schema schema = new Schema.Parser().parse(new File(args[4]));
    final Reader countries = new Reader(new File(args[5]), new CHMCache());
    final String stateFolder = args[6];

    final LongAdder countedByPort = new LongAdder();
    final LongAdder countedByRegion = new LongAdder();
    final LongAdder mirai = new LongAdder();
    final StreamsBuilder builder = new StreamsBuilder();
    final KStream<byte[], Packet> stream =
        builder
            .stream(topic, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
            .flatMapValues(value -> packetsOf(value, schema, countries));
    count(stream.map((key, packet) -> KeyValue.pair(packet.protocol + "/" + packet.port + "/" + packet.isMirai, "")),
        "by-port", countedByPort, mirai);
    count(stream.map((key, packet) -> KeyValue.pair(packet.region + "/" + packet.isMirai, "")),
        "by-region", countedByRegion, new LongAdder());

    final Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-" + guarantee + "-" + System.nanoTime());
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder);
    properties.put("auto.offset.reset", "earliest");
    final KafkaStreams streams = new KafkaStreams(builder.build(), properties);
    final long began = System.nanoTime();
    streams.start();
    while (countedByPort.sum() < packets || countedByRegion.sum() < packets) {
      if (streams.state() == KafkaStreams.State.ERROR) throw new IllegalStateException("the topology failed");
      Thread.sleep(50);
    }
    final double seconds = (System.nanoTime() - began) / 1e9;
    final double cpuSeconds = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    streams.close(Duration.ofSeconds(30));
    System.out.printf("{\"packets\":%d,\"mirai\":%d,\"seconds\":%.3f,\"cpuSeconds\":%.3f}%n",
        countedByPort.sum(), mirai.sum(), seconds, cpuSeconds);
  }

  private static void count(KStream<String, String> keyed, String name, LongAdder counted, LongAdder mirai) {
    keyed
        .groupByKey(Grouped.<String, String>as(name).withKeySerde(Serdes.String()).withValueSerde(Serdes.String()))
        .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
        .aggregate(
            () -> 0L,
            (key, value, sum) -> {
              counted.increment();
              if (key.endsWith("true")) mirai.increment();
              return sum + 1;
            },
            Materialized.<String, Long, WindowStore<Bytes, byte[]>>as(name + "-counts")
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.Long()));
  }

  /** The batch's packets; its capture is a little-endian pcap of IP packets. */
  private static List<Packet> packetsOf(byte[] value, Schema schema, Reader countries) {
    try {
      final GenericRecord batch =
          new GenericDatumReader<GenericRecord>(schema)
              .read(null, DecoderFactory.get().binaryDecoder(
                  value, CONFLUENT_HEADER_BYTES, value.length - CONFLUENT_HEADER_BYTES, null));
      final ByteBuffer capture = ((ByteBuffer) batch.get("capture")).order(ByteOrder.LITTLE_ENDIAN);
      final List<Packet> packets = new ArrayList<>();
      int at = capture.position() + PCAP_HEADER_BYTES;
      while (at < capture.limit()) {
        final int length = capture.getInt(at + 8);
        final Packet packet = packetAt(capture, at + RECORD_HEADER_BYTES, length, countries);
        if (packet != null) packets.add(packet);
        at += RECORD_HEADER_BYTES + length;
      }
      return packets;
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static Packet packetAt(ByteBuffer bytes, int at, int length, Reader countries) throws IOException {
    final int version = (bytes.get(at) & 0xf0) >> 4;
    if (length < 20 || (version == 6 && length < 40)) return null;
    final boolean isIpv4 = version == 4;
    final int protocol = bytes.get(at + (isIpv4 ? 9 : 6)) & 0xff;
    final int transport = at + (isIpv4 ? (bytes.get(at) & 0xf) * 4 : 40);
    final byte[] source = new byte[isIpv4 ? 4 : 16];
    for (int i = 0; i < source.length; i++) source[i] = bytes.get(at + (isIpv4 ? 12 : 8) + i);
    int port = 0;
    boolean isMirai = false;
    if ((protocol == 6 || protocol == 17) && transport + 8 <= at + length) port = big16(bytes, transport + 2);
    if (protocol == 6 && isIpv4 && transport + 14 <= at + length) {
      final boolean isSyn = (bytes.get(transport + 13) & 0x12) == 0x02;
      boolean isSame = true;
      for (int i = 0; i < 4; i++) isSame &= bytes.get(transport + 4 + i) == bytes.get(at + 16 + i);
      isMirai = isSyn && isSame;
    }
    final Country country = countries.get(InetAddress.getByAddress(source), Country.class);
    return new Packet(protocol, port, isMirai, country == null ? "ZZ" : country.code);
  }

  private static int big16(ByteBuffer bytes, int at) {
    return ((bytes.get(at) & 0xff) << 8) | (bytes.get(at + 1) & 0xff);
  }
}
