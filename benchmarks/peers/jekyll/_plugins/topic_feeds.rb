# frozen_string_literal: true

# Makes one feed of all records and one per topic, in each format that has a template in feeds/.
class TopicFeeds < Jekyll::Generator
  # A page without a file; its content is the template of its format.
  class FeedPage < Jekyll::PageWithoutAFile
    def initialize(site, folder, name, template, data)
      super(site, site.source, folder, name)
      self.content = template
      self.data.merge!(data, "layout" => nil)
    end
  end

  def generate(site)
    templates = Dir[site.in_source_dir("feeds", "*")].to_h { |path| [File.basename(path), File.read(path)] }
    feeds(site).each do |folder, title, entries|
      data = { "title" => title, "entries" => entries.first(site.config["entries"]) }
      templates.each { |name, template| site.pages << FeedPage.new(site, folder, name, template, data) }
    end
  end

  private

  def feeds(site)
    newest_first = site.collections["news"].docs.sort_by { |record| record.data["publishedDateTime"] }.reverse
    topics = Hash.new { |hash, topic| hash[topic] = [] }
    newest_first.each { |record| record.data["topics"].each { |topic| topics[topic] << record } }
    [["", site.config["title"], newest_first]] +
      topics.map { |topic, entries| ["topics/#{Jekyll::Utils.slugify(topic)}", topic, entries] }
  end
end
