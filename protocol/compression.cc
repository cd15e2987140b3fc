#include "protocol/compression.h"

#include <fmt/format.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "protocol/zstd_frames.h"

namespace ottla {

namespace {

std::unexpected<Error> corrupt(const char* codec, const char* why) {
  return failure(ErrorCode::CORRUPT_MESSAGE, fmt::format("{}: {}", codec, why));
}

Result<Unpacked> decompress_gzip(std::span<const std::byte> in, Output out) {
  constexpr int gzip_window_bits = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window_bits) != Z_OK) {
    return corrupt("gzip", "no memory");
  }
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  for (;;) {
    const auto room = out.room();
    std::byte probe{};  // at the cap one byte tells whether there is more
    stream.next_out = reinterpret_cast<Bytef*>(room.empty() ? &probe : room.data());
    stream.avail_out = room.empty() ? 1 : static_cast<uInt>(room.size());
    const uInt before = stream.avail_out;
    const int status = inflate(&stream, Z_NO_FLUSH);
    const uInt written = before - stream.avail_out;
    if (room.empty() && written > 0) {
      return out.too_large();
    }
    out.wrote(written);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) {
        return out.take();
      }
      if (inflateReset(&stream) != Z_OK) {  // another member follows
        return corrupt("gzip", "cannot go on");
      }
    } else if (status != Z_OK) {
      return corrupt("gzip", status == Z_BUF_ERROR ? "cut short" : "not valid");
    } else if (written == 0 && stream.avail_in == 0) {
      return corrupt("gzip", "cut short");
    }
  }
}

Result<void> snappy_block(std::span<const std::byte> block, Output& out) {
  const auto* data = reinterpret_cast<const char*>(block.data());
  std::size_t claimed = 0;
  if (!snappy::GetUncompressedLength(data, block.size(), &claimed)) {
    return corrupt("snappy", "no length");
  }
  if (claimed > out.left()) {
    return out.too_large();
  }
  // The claim may lie, but an honest block unpacks to at most 64 bytes a byte (a copy of 64 takes two or three).
  constexpr std::size_t most_per_byte = 64;
  if (claimed > block.size() * most_per_byte || !snappy::IsValidCompressedBuffer(data, block.size())) {
    return corrupt("snappy", "not valid");
  }
  if (!snappy::RawUncompress(data, block.size(), reinterpret_cast<char*>(out.room_for(claimed).data()))) {
    return corrupt("snappy", "not valid");
  }
  out.wrote(claimed);
  return {};
}

// xerial's framing: a header of 16 bytes (magic, version, compatible version), then blocks with an int32 length each.
Result<Unpacked> decompress_snappy(std::span<const std::byte> in, Output out) {
  constexpr std::array<unsigned char, 8> xerial_magic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
  constexpr std::size_t xerial_header_bytes = 16;
  if (in.size() < xerial_header_bytes || std::memcmp(in.data(), xerial_magic.data(), xerial_magic.size()) != 0) {
    if (auto unpacked = snappy_block(in, out); !unpacked) {
      return std::unexpected(std::move(unpacked.error()));
    }
    return out.take();
  }
  in = in.subspan(xerial_header_bytes);
  while (!in.empty()) {
    const auto size = in.size() < sizeof(std::int32_t) ? std::int32_t{-1} : load_big_endian<std::int32_t>(in);
    if (size < 0 || static_cast<std::size_t>(size) > in.size() - sizeof(std::int32_t)) {
      return corrupt("snappy", "a block longer than the batch");
    }
    const auto block_bytes = static_cast<std::size_t>(size);
    if (auto unpacked = snappy_block(in.subspan(sizeof size, block_bytes), out); !unpacked) {
      return std::unexpected(std::move(unpacked.error()));
    }
    in = in.subspan(sizeof size + block_bytes);
  }
  return out.take();
}

Result<Unpacked> decompress_lz4(std::span<const std::byte> in, Output out) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0U) {
    return corrupt("lz4", "no memory");
  }
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(raw,
                                                                                     LZ4F_freeDecompressionContext);
  std::size_t at = 0;
  for (;;) {
    const auto room = out.room();
    std::byte probe{};
    std::size_t written = room.empty() ? 1 : room.size();
    std::size_t consumed = in.size() - at;
    const std::size_t hint = LZ4F_decompress(context.get(), room.empty() ? &probe : room.data(), &written,
                                             in.data() + at, &consumed, nullptr);
    if (LZ4F_isError(hint) != 0U) {
      return corrupt("lz4", LZ4F_getErrorName(hint));
    }
    if (room.empty() && written > 0) {
      return out.too_large();
    }
    out.wrote(written);
    at += consumed;
    if (hint == 0 && at == in.size()) {
      return out.take();
    }
    if (written == 0 && consumed == 0) {
      return corrupt("lz4", "cut short");
    }
  }
}

// At once, into memory for all of it: as a stream it would need a window besides. What it unpacks to is often not told,
// so it may take several tries.
Result<Unpacked> decompress_zstd(std::span<const std::byte> in, Output out) {
  if (const char* fault = fault_of_zstd_frames(in)) {
    return corrupt("zstd", fault);
  }
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  constexpr std::size_t likely_ratio = 4;  // and by how much more each time
  constexpr std::size_t believed_ratio = 256;
  const auto told = ZSTD_getFrameContentSize(in.data(), in.size());
  const bool is_told = told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR;
  std::size_t most = std::max<std::size_t>(
      Output::step_bytes, is_told ? std::min<std::size_t>(told, believed_ratio * in.size()) : likely_ratio * in.size());
  for (;; most *= likely_ratio) {
    most = std::min(most, out.left());
    const auto room = out.room_for(most);
    const std::size_t size = ZSTD_decompressDCtx(context.get(), room.data(), room.size(), in.data(), in.size());
    if (ZSTD_isError(size) == 0U) {
      out.wrote(size);
      return out.take();
    }
    const auto error = ZSTD_getErrorCode(size);
    if (error != ZSTD_error_dstSize_tooSmall && error != ZSTD_error_dstBuffer_null) {
      return corrupt("zstd", ZSTD_getErrorName(size));
    }
    if (most == out.left()) {
      return out.too_large();
    }
  }
}

Bytes compress_gzip(std::span<const std::byte> plain) {
  constexpr int gzip_window_bits = 15 + 16;
  constexpr int default_memory_level = 8;
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window_bits, default_memory_level, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&stream, static_cast<uLong>(plain.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

namespace {

Result<Unpacked> decompress_by(Codec codec, std::span<const std::byte> compressed, std::int64_t max_bytes) {
  switch (codec) {
    case Codec::gzip:
      return decompress_gzip(compressed, Output(max_bytes));
    case Codec::snappy:
      return decompress_snappy(compressed, Output(max_bytes));
    case Codec::lz4:
      return decompress_lz4(compressed, Output(max_bytes));
    case Codec::zstd:
      return decompress_zstd(compressed, Output(max_bytes));
    case Codec::none:
      break;
  }
  return failure(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, fmt::format("codec {}", static_cast<int>(codec)));
}

}  // namespace

// Stored batches have no bound, and a broker that has no memory for one must not end.
Result<Unpacked> decompress(Codec codec, std::span<const std::byte> compressed, std::int64_t max_bytes) try {
  return decompress_by(codec, compressed, max_bytes);
} catch (const std::bad_alloc&) {
  return failure(ErrorCode::MESSAGE_TOO_LARGE, "there is no memory for what a batch unpacks to");
}

Bytes compress(Codec codec, std::span<const std::byte> plain) {
  Bytes out;
  switch (codec) {
    case Codec::gzip:
      return compress_gzip(plain);
    case Codec::snappy: {
      out.resize(snappy::MaxCompressedLength(plain.size()));
      std::size_t size = 0;
      snappy::RawCompress(reinterpret_cast<const char*>(plain.data()), plain.size(),
                          reinterpret_cast<char*>(out.data()), &size);
      out.resize(size);
      break;
    }
    case Codec::lz4:
      out.resize(LZ4F_compressFrameBound(plain.size(), nullptr));
      out.resize(LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr));
      break;
    case Codec::zstd:
      out.resize(ZSTD_compressBound(plain.size()));
      out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), ZSTD_CLEVEL_DEFAULT));
      break;
    case Codec::none:
      break;
  }
  return out;
}

}  // namespace ottla
