# The body pipeline: from the bytes on the wire to what travels to the parent.
set(FETCH_BODY_SOURCES
  base64.cpp body_spool.cpp body_text.cpp brotli_layer.cpp decoder.cpp deflate_layer.cpp
  gzip_layer.cpp inflate_stream.cpp json_text.cpp layer.cpp utf8.cpp whole_decoder.cpp zstd_layer.cpp)
