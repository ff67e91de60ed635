import ZarrPlatform

/// A moment in whole seconds, as servers write it.
struct ServerTime: Hashable, Comparable, Sendable {
  /// The seconds since 1970.
  var seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  /// The moment by the clock of this machine.
  static var now: ServerTime { ServerTime(seconds: time(nil)) }

  static func < (left: ServerTime, right: ServerTime) -> Bool { left.seconds < right.seconds }

  /// Reads the date of a head, such as `Mon, 30 Nov 2026 17:45:48 GMT`.
  init?(header text: String) {
    let fields = text.split(separator: " ")
    guard fields.count == 6, fields[5] == "GMT", let month = Self.months.firstIndex(of: String(fields[2]))
    else {
      return nil
    }
    self.init(fields[3], "\(month + 1)", fields[1], fields[4].split(separator: ":"))
  }

  /// Reads a date such as `2026-11-30T17:45:48.123Z`.
  init?(timestamp text: String) {
    let halves = text.split(separator: "T")
    guard halves.count == 2 else { return nil }
    let day = halves[0].split(separator: "-")
    // Only times of Greenwich are in use.
    let clock = halves[1].prefix { $0 != "." && $0 != "Z" && $0 != "+" }.split(separator: ":")
    guard day.count == 3 else { return nil }
    self.init(day[0], day[1], day[2], clock)
  }

  private init?(
    _ year: some StringProtocol, _ month: some StringProtocol, _ day: some StringProtocol,
    _ clock: [Substring]
  ) {
    let numbers = ([String(year), String(month), String(day)] + clock.map(String.init)).compactMap(
      parseDecimal)
    guard numbers.count == 6, 1900...9999 ~= numbers[0], 1...12 ~= numbers[1], 1...31 ~= numbers[2],
      numbers[3] < 24, numbers[4] < 60, numbers[5] < 61
    else { return nil }
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(numbers[0] - 1900)
    unsafe parts.tm_mon = Int32(numbers[1] - 1)
    unsafe parts.tm_mday = Int32(numbers[2])
    unsafe parts.tm_hour = Int32(numbers[3])
    unsafe parts.tm_min = Int32(numbers[4])
    unsafe parts.tm_sec = Int32(numbers[5])
    seconds = unsafe timegm(&parts)
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The moment as signatures have it, such as `20261130T174548Z`.
  var signed: String {
    var parts = unsafe tm()
    var seconds = time_t(seconds)
    unsafe gmtime_r(&seconds, &parts)
    func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (year, month, day) = unsafe (Int(parts.tm_year) + 1900, parts.tm_mon + 1, parts.tm_mday)
    let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
    return "\(year)\(digits(month))\(digits(day))T\(digits(hour))\(digits(minute))\(digits(second))Z"
  }
}

extension HTTPResponse {
  /// How long ago the object was written, by the clock of the server, or nil if it does not tell.
  var secondsSinceChange: Int? {
    guard let now = headers["date"].flatMap({ ServerTime(header: $0) }),
      let change = headers["last-modified"].flatMap({ ServerTime(header: $0) })
    else { return nil }
    return now.seconds - change.seconds
  }
}
