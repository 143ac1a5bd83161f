#include "fetch/warc_info.h"

#include <chrono>
#include <string>

#include "fetch/gzip_member.h"
#include "fetch/warc_record.h"

namespace fetchpool::archive {

Bytes info_member(std::string_view file_name, std::string_view software,
                  std::string_view user_agent) {
  std::string block = block_field("software", software);
  block += block_field("format", "WARC File Format 1.1");
  block +=
      block_field("conformsTo",
                  "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/");
  block += block_field("http-header-user-agent", user_agent);
  RecordHead head("warcinfo", RecordIds().next(), microseconds(std::chrono::system_clock::now()));
  std::string record = head.field("WARC-Filename", file_name)
                           .field("Content-Type", "application/warc-fields")
                           .finish(block.size());
  record += block;
  record += kRecordEnd;
  ByteBuffer member;
  MemberPacker().append(member, record);
  return member.release();
}

}  // namespace fetchpool::archive
