// franz-go with its defaults, assigned partitions.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// line is one record of the file; encoding/json writes []byte as base64 and a nil one as null.
type line struct {
	Partition int32    `json:"partition"`
	Key       *[]byte  `json:"key"`
	Value     *[]byte  `json:"value"`
	Headers   [][2]any `json:"headers"`
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bytesOf(text any) []byte {
	if text == nil {
		return nil
	}
	var data []byte
	quoted, _ := json.Marshal(text)
	fail(json.Unmarshal(quoted, &data))
	return data
}

func orNil(data *[]byte) []byte {
	if data == nil {
		return nil
	}
	return *data
}

func pointer(data []byte) *[]byte {
	if data == nil {
		return nil
	}
	return &data
}

func partitions(ctx context.Context, client *kgo.Client, topic string) int {
	request := kmsg.NewPtrMetadataRequest()
	request.AllowAutoTopicCreation = true
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	request.Topics = append(request.Topics, asked)
	count := 0
	patiently(func() error {
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return err
		}
		count = len(response.Topics[0].Partitions)
		return kerr.ErrorForCode(response.Topics[0].ErrorCode)
	})
	return count
}

// Where brokers are restarted (IDEMPOTENT), what one says that stops, or that has begun to lead a moment ago, is no last
// word; a request of one's own is not sent again by the client.
func patiently(try func() error) {
	err := try()
	for tries := 1; err != nil && tries < 50 && os.Getenv("IDEMPOTENT") != ""; tries++ {
		time.Sleep(100 * time.Millisecond)
		err = try()
	}
	fail(err)
}

func produce(ctx context.Context, bootstrap, topic, codec, path string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ProducerBatchCompression(codecs[codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	fail(err)
	file, err := os.Open(path)
	fail(err)
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<22)
	var records []*kgo.Record
	for scanner.Scan() {
		var one line
		fail(json.Unmarshal(scanner.Bytes(), &one))
		record := &kgo.Record{Topic: topic, Partition: one.Partition, Key: orNil(one.Key), Value: orNil(one.Value)}
		for _, header := range one.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: header[0].(string), Value: bytesOf(header[1])})
		}
		records = append(records, record)
	}
	fail(client.ProduceSync(ctx, records...).FirstErr())
	client.Close()
}

func ends(ctx context.Context, client *kgo.Client, topic string, count int) []int64 {
	request := kmsg.NewPtrListOffsetsRequest()
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = topic
	for partition := 0; partition < count; partition++ {
		one := kmsg.NewListOffsetsRequestTopicPartition()
		one.Partition, one.Timestamp = int32(partition), -1
		asked.Partitions = append(asked.Partitions, one)
	}
	request.Topics = append(request.Topics, asked)
	found := make([]int64, count)
	patiently(func() error {
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return err
		}
		for _, one := range response.Topics[0].Partitions {
			if one.ErrorCode != 0 {
				return kerr.ErrorForCode(one.ErrorCode)
			}
			found[one.Partition] = one.Offset
		}
		return nil
	})
	return found
}

func consume(ctx context.Context, bootstrap, topic, path string) {
	seed, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...))
	fail(err)
	count := partitions(ctx, seed, topic)
	until := ends(ctx, seed, topic, count)
	seed.Close()
	assigned := map[int32]kgo.Offset{}
	left := int64(0)
	for partition := range until {
		assigned[int32(partition)] = kgo.NewOffset().AtStart()
		left += until[partition]
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: assigned}))
	fail(err)
	read := make([][]*kgo.Record, count)
	for left > 0 {
		fetches := client.PollFetches(ctx)
		fail(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			read[record.Partition] = append(read[record.Partition], record)
			left--
		})
	}
	client.Close()
	file, err := os.Create(path)
	fail(err)
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	for partition := range read {
		for _, record := range read[partition] {
			one := line{Partition: record.Partition, Key: pointer(record.Key), Value: pointer(record.Value), Headers: [][2]any{}}
			for _, header := range record.Headers {
				one.Headers = append(one.Headers, [2]any{header.Key, header.Value})
			}
			fail(encoder.Encode(one))
		}
	}
	fail(out.Flush())
}

// The group's offsets are committed after what was read has been told, and before a partition is given away.
func member(bootstrap, group, topic, protocol, instance string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options := []kgo.Opt{kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6 * time.Second),
		kgo.HeartbeatInterval(time.Second), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll()}
	if protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	}
	if protocol == "cooperative" {
		options = append(options, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	if instance != "" {
		options = append(options, kgo.InstanceID(instance))
	}
	if topic[0] == '^' {
		options = append(options, kgo.ConsumeRegex())
	}
	client, err := kgo.NewClient(options...)
	fail(err)
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(record *kgo.Record) { fmt.Println("R", record.Partition, record.Offset) })
		if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
}

func transaction(ctx context.Context, bootstrap, topic string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.TransactionalID("compat"))
	fail(err)
	if err = client.BeginTransaction(); err == nil {
		err = client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("x")}).FirstErr()
	}
	fmt.Println(err)
	if !errors.Is(err, kerr.TransactionalIDAuthorizationFailed) {
		os.Exit(1)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	arguments := os.Args[1:]
	switch arguments[0] {
	case "metadata":
		client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(arguments[1], ",")...), kgo.AllowAutoTopicCreation())
		fail(err)
		fmt.Println(partitions(ctx, client, arguments[2]))
	case "produce":
		produce(ctx, arguments[1], arguments[2], arguments[3], arguments[4])
	case "consume":
		consume(ctx, arguments[1], arguments[2], arguments[3])
	case "member":
		more := append(arguments, "classic", "")
		if len(arguments) > 4 {
			more = append(arguments, "")
		}
		member(arguments[1], arguments[2], arguments[3], more[4], more[5])
	case "transaction":
		transaction(ctx, arguments[1], arguments[2])
	}
}
