{
  prometheus+: {
    prometheus+: {
      metdata+: { labels+: { a: 'b' } },
    },
  },
}
