// sarama with its defaults, assigned partitions.
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

	"github.com/IBM/sarama"
)

type line struct {
	Partition int32    `json:"partition"`
	Key       *[]byte  `json:"key"`
	Value     *[]byte  `json:"value"`
	Headers   [][2]any `json:"headers"`
}

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
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

func encoder(data *[]byte) sarama.Encoder {
	if data == nil {
		return nil
	}
	return sarama.ByteEncoder(*data)
}

func pointer(data []byte) *[]byte {
	if data == nil {
		return nil
	}
	return &data
}

func client(bootstrap string, config *sarama.Config) sarama.Client {
	if os.Getenv("IDEMPOTENT") != "" { // its own three tries may all meet a broker that is restarted
		config.Metadata.Retry.Max, config.Metadata.Retry.Backoff = 50, 100*time.Millisecond
	}
	made, err := sarama.NewClient(strings.Split(bootstrap, ","), config)
	fail(err)
	return made
}

func produce(bootstrap, topic, codec, path string) {
	config := sarama.NewConfig()
	config.Producer.Compression = codecs[codec]
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	if os.Getenv("IDEMPOTENT") != "" {
		config.Producer.Idempotent = true
		config.Producer.RequiredAcks = sarama.WaitForAll
		config.Net.MaxOpenRequests = 1
		// Its own three tries in 0.3 s are over before another broker leads.
		config.Producer.Retry.Max, config.Producer.Retry.Backoff = 50, 100*time.Millisecond
	}
	producer, err := sarama.NewAsyncProducer(strings.Split(bootstrap, ","), config)
	fail(err)
	file, err := os.Open(path)
	fail(err)
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<22)
	var messages []*sarama.ProducerMessage
	for scanner.Scan() {
		var one line
		fail(json.Unmarshal(scanner.Bytes(), &one))
		message := &sarama.ProducerMessage{Topic: topic, Partition: one.Partition, Key: encoder(one.Key), Value: encoder(one.Value)}
		for _, header := range one.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header[0].(string)), Value: bytesOf(header[1])})
		}
		messages = append(messages, message)
	}
	go func() {
		for _, message := range messages {
			producer.Input() <- message
		}
	}()
	for range messages {
		select {
		case <-producer.Successes():
		case err := <-producer.Errors():
			fail(err)
		}
	}
	fail(producer.Close())
}

func consume(bootstrap, topic, path string) {
	made := client(bootstrap, sarama.NewConfig())
	consumer, err := sarama.NewConsumerFromClient(made)
	fail(err)
	partitions, err := made.Partitions(topic)
	fail(err)
	file, err := os.Create(path)
	fail(err)
	out := bufio.NewWriter(file)
	lines := json.NewEncoder(out)
	for _, partition := range partitions {
		end, err := made.GetOffset(topic, partition, sarama.OffsetNewest)
		// It asks whom it took for the leader, and once: not enough where brokers are restarted.
		for tries := 1; err != nil && tries < 50 && os.Getenv("IDEMPOTENT") != ""; tries++ {
			time.Sleep(100 * time.Millisecond)
			fail(made.RefreshMetadata(topic))
			end, err = made.GetOffset(topic, partition, sarama.OffsetNewest)
		}
		fail(err)
		if end == 0 {
			continue
		}
		messages, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		fail(err)
		for message := range messages.Messages() {
			one := line{Partition: message.Partition, Key: pointer(message.Key), Value: pointer(message.Value), Headers: [][2]any{}}
			for _, header := range message.Headers {
				one.Headers = append(one.Headers, [2]any{string(header.Key), header.Value})
			}
			fail(lines.Encode(one))
			if message.Offset == end-1 {
				break
			}
		}
		fail(messages.Close())
	}
	fail(out.Flush())
}

// A handler that tells what it read and commits it.
type teller struct{}

func (teller) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (teller) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (teller) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			fmt.Println("R", message.Partition, message.Offset)
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func member(bootstrap, group, topic, instance string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = time.Second
	if instance != "" {
		config.Version = sarama.V2_3_0_0 // static members came with it
		config.Consumer.Group.InstanceId = instance
	}
	consumer, err := sarama.NewConsumerGroup(strings.Split(bootstrap, ","), group, config)
	fail(err)
	for ctx.Err() == nil {
		if err := consumer.Consume(ctx, []string{topic}, teller{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	fail(consumer.Close())
}

func transaction(bootstrap, topic string) {
	config := sarama.NewConfig()
	config.Producer.Transaction.ID = "compat"
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Net.MaxOpenRequests = 1
	_, err := sarama.NewAsyncProducer(strings.Split(bootstrap, ","), config)
	fmt.Println(err)
	if !errors.Is(err, sarama.ErrTransactionalIDAuthorizationFailed) {
		os.Exit(1)
	}
}

func main() {
	arguments := os.Args[1:]
	switch arguments[0] {
	case "metadata":
		partitions, err := client(arguments[1], sarama.NewConfig()).Partitions(arguments[2])
		fail(err)
		fmt.Println(len(partitions))
	case "produce":
		produce(arguments[1], arguments[2], arguments[3], arguments[4])
	case "consume":
		consume(arguments[1], arguments[2], arguments[3])
	case "member":
		member(arguments[1], arguments[2], arguments[3], append(arguments, "", "")[5])
	case "transaction":
		transaction(arguments[1], arguments[2])
	}
}
